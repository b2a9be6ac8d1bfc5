"use strict";
const viewer = document.getElementById("viewer");
const close = viewer.querySelector("button");
let opener = null;

for (const link of document.querySelectorAll("a.enlarge")) {
  link.addEventListener("click", event => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    opener = link;
    const shown = link.querySelector("img").cloneNode();
    const holder = document.createElement("div");
    holder.className = link.closest(".chart") ? "chart" : "photo";
    holder.style.display = "contents";
    holder.append(shown);
    viewer.replaceChildren(close, holder);
    viewer.showModal();
  });
}
close.addEventListener("click", () => viewer.close());
viewer.addEventListener("click", event => { if (event.target !== close) viewer.close(); });
viewer.addEventListener("close", () => { if (opener) opener.focus(); });

let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const one of closed) one.open = true;
});
addEventListener("afterprint", () => { for (const one of closed) one.open = false; });
