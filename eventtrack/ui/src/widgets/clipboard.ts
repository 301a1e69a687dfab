/** Copying to the clipboard, also where the browser offers none (a page without https). */

import { tell, tellError } from "./toast";

export async function copy(text: string, what: string): Promise<void> {
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copyBySelection(text);
    tell(`${what} copied`);
  } catch (error) {
    tellError(`${what} could not be copied`, error);
  }
}

function copyBySelection(text: string): void {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "offscreen";
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (!isCopied) throw new Error("the browser refused; select and copy it by hand");
}
