/** Every keyboard shortcut of the page that is shown. */

import { For } from "solid-js";
import { Dialog } from "../widgets/dialog";
import { shortcuts, shown } from "./keys";

export function Help(props: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={props.onClose}>
      <dl class="shortcuts">
        <For each={shortcuts()}>
          {(each) => (
            <div>
              <dt>
                <kbd>{shown(each.key)}</kbd>
              </dt>
              <dd>{each.title}</dd>
            </div>
          )}
        </For>
      </dl>
    </Dialog>
  );
}
