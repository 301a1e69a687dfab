/** Which charts are in view, or nearly: one observer for all, so that they are told together. */

const NEAR = "200px";

const told = new WeakMap<Element, (isSeen: boolean) => void>();
let observer: IntersectionObserver | undefined;

/** Tell when an element comes into view and when it leaves; what it returns ends that. */
export function whenSeen(element: Element, tell: (isSeen: boolean) => void): () => void {
  observer ??= new IntersectionObserver(
    (entries) => {
      // Of an element that came and went the last entry counts.
      const last = new Map(entries.map((entry) => [entry.target, entry.isIntersecting]));
      for (const [target, isSeen] of last) told.get(target)?.(isSeen);
    },
    { rootMargin: NEAR },
  );
  told.set(element, tell);
  observer.observe(element);
  return () => {
    told.delete(element);
    observer!.unobserve(element);
  };
}
