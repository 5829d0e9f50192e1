// What the chat's page has of /shell/dom.js, and of documents: none of it has to do
// with events, so little is said of it.

export const $: any;
export const count: any;
export const h: any;
export const secret: any;
export const store: any;

declare global {
  interface Element {
    readonly dataset: DOMStringMap;
  }
}
