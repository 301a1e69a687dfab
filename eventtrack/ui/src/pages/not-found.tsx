/** An address that shows nothing. */

import { href } from "../shell/router";

export function NotFound() {
  return (
    <section class="fault">
      <h2>There is no such page</h2>
      <p>The address may be mistyped, or be of a page that another version has.</p>
      <p>
        <a href={href([])}>All runs</a>
      </p>
    </section>
  );
}
