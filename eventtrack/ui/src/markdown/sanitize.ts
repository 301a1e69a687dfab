/**
 * Markdown as nodes that are safe to put into the page: marked makes markup of it, DOMPurify takes
 * out everything that could run, load from elsewhere, imitate our own controls or catch their names.
 */

import createPurifier from "dompurify";
import { Marked } from "marked";

const purifier = createPurifier(window);

/** The page has headings of its own above these. */
const HEADINGS_BELOW = 2;
const HEADINGS = 6;

const marked = new Marked({
  async: false,
  gfm: true,
  walkTokens(token) {
    if (token.type === "heading") token.depth = Math.min(HEADINGS, token.depth + HEADINGS_BELOW);
    // The browser tells in its console of every style and handler that the policy refuses, also of
    // those that the purifier is about to take out.
    if (token.type === "html") token.text = subdued(token.text as string);
  },
});

const subdued = (markup: string) =>
  markup
    .replace(/<style\b[^]*?(?:<\/style[^>]*>|$)/gi, "")
    .replace(/<[^>]*>/g, (tag) => tag.replace(/([\s"'/])(style|on\w+)\s*=/gi, "$1data-$2="));

purifier.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer");
  }
  // The page's policy loads nothing from elsewhere: what is left of such an image is its text.
  if (node.tagName === "IMG") node.replaceWith(node.getAttribute("alt") ?? "");
});

export function sanitized(markdown: string): DocumentFragment {
  const markup = marked.parse(markdown) as string;
  return purifier.sanitize(markup, {
    RETURN_DOM_FRAGMENT: true,
    USE_PROFILES: { html: true },
    FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select", "dialog", "picture", "video", "audio", "source"],
    FORBID_ATTR: ["style", "class", "id", "name", "slot", "tabindex", "autofocus", "background", "srcset"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#)/i,
  });
}
