// Links that the mlflow client prints hold the place in the fragment (/#/experiments/1/runs/ab),
// which a browser never sends: go to the page of the same name.
function followFragment() {
  const found = /^#\/experiments\/(\d+)(?:\/runs\/([\w-]+))?/.exec(location.hash);
  if (found) {
    const run = found[2] ? `/runs/${found[2]}` : "";
    location.replace(`/experiments/${found[1]}${run}`);
  }
}
addEventListener("hashchange", followFragment);
followFragment();
