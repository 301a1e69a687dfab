import { render } from "solid-js/web";

render(() => <main>eventtrack</main>, document.getElementById("app")!);
