/** HTML that somebody logged, on an origin of its own: it reaches neither this page nor the API. */

import { onCleanup, onMount } from "solid-js";
import { frameUrl } from "../api/artifacts";

export function Frame(props: { html: string; title: string }) {
  let frame!: HTMLIFrameElement;
  onMount(() => {
    function fill(event: MessageEvent): void {
      if (event.source !== frame.contentWindow) return;
      removeEventListener("message", fill);
      // The frame's origin has no name that a message could be addressed to.
      frame.contentWindow?.postMessage(props.html, "*");
    }
    addEventListener("message", fill);
    onCleanup(() => removeEventListener("message", fill));
    frame.src = frameUrl();
  });
  return (
    <iframe
      ref={frame}
      class="frame"
      title={props.title}
      sandbox="allow-scripts"
      referrerpolicy="no-referrer"
      allow=""
    />
  );
}
