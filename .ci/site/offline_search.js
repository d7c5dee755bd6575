// SPDX-License-Identifier: MIT
// Lets the site be searched when its pages are opened as files. A browser starts no worker from a file, so the script of
// the search runs in a hidden frame instead: this class is a Worker to the page, and the frame's window is what the
// script takes for its worker.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const address = new URL(url, location.href).href;
      this.waiting = [];
      this.inner = null;
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.addEventListener("load", () => this.start(frame.contentWindow, address), { once: true });
      (document.body || document.documentElement).append(frame);
    }

    start(inner, address) {
      const load = (source) =>
        new Promise((done, failed) => {
          const script = inner.document.createElement("script");
          script.src = source;
          script.onload = done;
          script.onerror = failed;
          inner.document.documentElement.append(script);
        });
      inner.postMessage = (data) =>
        setTimeout(() => this.dispatchEvent(new MessageEvent("message", { data })));
      inner.importScripts = (...sources) =>
        sources.reduce((before, source) => before.then(() => load(source)), Promise.resolve());
      load(address).then(() => {
        this.inner = inner;
        this.waiting.forEach((data) => this.postMessage(data));
        this.waiting = [];
      });
    }

    postMessage(data) {
      const inner = this.inner;
      if (inner === null) this.waiting.push(data);
      else setTimeout(() => inner.dispatchEvent(new inner.MessageEvent("message", { data })));
    }

    terminate() {}
  };
}
