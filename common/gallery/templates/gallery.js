(() => {
  "use strict";
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const one = (what, where = document) => where.querySelector(what);
  const main = one("main");
  if (!one("article")) return;
  document.documentElement.classList.add("js");
  const articles = all("article", main);
  const keys = new Map(articles.map((each) => [each, JSON.parse(each.dataset.keys)]));

  // Sort and filter. A key that is a list has a value for each approach.
  const judge = one("#judge");
  const order = one("#order");
  const group = one("#group");
  const search = one("#search");
  const value = (article, key) => {
    const found = keys.get(article)[key];
    return Array.isArray(found) ? found[judge ? Number(judge.value) : 0] : found;
  };
  const compare = (a, b) => {
    if (a === b) return 0;
    return typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
  };
  const sort = () => {
    const { key, down } = order.selectedOptions[0].dataset;
    const known = (article) => value(article, key) !== null;
    const sorted = articles.map((article, place) => [article, place]).sort(([a, i], [b, j]) => {
      if (!known(a) || !known(b)) return Number(known(b)) - Number(known(a)) || i - j;
      const found = compare(value(a, key), value(b, key));
      return (Number(down) ? -found : found) || i - j;
    });
    main.append(...sorted.map(([article]) => article));
  };
  const filter = () => {
    const wanted = all(".filter:checked").map((box) => [box.dataset.key, Number(box.dataset.above)]);
    const text = search.value.trim().toLowerCase();
    let shown = 0;
    for (const article of articles) {
      const kept = (!group || !group.value || keys.get(article).group === group.value)
        && wanted.every(([key, above]) => (value(article, key) > 0) === Boolean(above))
        && one("h2", article).textContent.toLowerCase().includes(text);
      article.hidden = !kept;
      shown += kept;
    }
    one("#count").textContent = `${shown} of ${articles.length} shown`;
    one("#none").hidden = shown > 0;
  };
  order.addEventListener("change", sort);
  if (judge) judge.addEventListener("change", () => { sort(); filter(); });
  if (group) group.addEventListener("change", filter);
  search.addEventListener("input", filter);
  all(".filter").forEach((box) => box.addEventListener("change", filter));

  // The full size, within the page.
  const viewer = one("#viewer");
  const stage = one(".stage", viewer);
  const views = one(".views", viewer);
  let current = null;
  let actual = false;
  const figuresOf = (figure) => all("figure", figure.closest("article"));
  const press = (id, pressed) => one(id).setAttribute("aria-pressed", String(pressed));

  const fit = () => {
    const picture = one(".picture", stage);
    if (!picture) return;
    const { width, height } = picture.dataset;
    const room = Math.min(stage.clientWidth / width, stage.clientHeight / height);
    const scale = actual ? 1 : Math.min(room, 8);
    picture.style.width = `${Math.floor(width * scale)}px`;
    picture.style.height = `${Math.floor(height * scale)}px`;
    picture.classList.toggle("enlarged", scale > 2);
  };
  const show = (figure) => {
    current = figure;
    const link = one("a", figure);
    const picture = document.createElement("div");
    picture.className = "picture";
    const large = document.createElement("img");
    large.alt = all("img", link).map((each) => each.alt).filter(Boolean).join(" ");
    const small = one("img", link);
    const sized = () => {
      picture.dataset.width = large.naturalWidth;
      picture.dataset.height = large.naturalHeight;
      if (one(".picture", stage) === picture) fit();
    };
    picture.dataset.width = small.getAttribute("width");
    picture.dataset.height = small.getAttribute("height");
    large.addEventListener("load", sized);
    large.src = link.getAttribute("href");
    picture.append(large);
    all(".overlay, svg", link).forEach((layer) => {
      const copy = layer.cloneNode(true);
      all("[id]", copy).forEach((each) => each.removeAttribute("id"));
      if (copy.tagName === "IMG") { copy.alt = ""; copy.loading = "eager"; }
      picture.append(copy);
    });
    const own = all("svg path", picture)[0];
    if (own) all("svg use", picture).forEach((line) => {
      const path = own.cloneNode();
      path.setAttribute("class", "line");
      line.replaceWith(path);
    });
    stage.className = `stage ${figure.classList[0]}${stage.classList.contains("bare") ? " bare" : ""}`;
    stage.replaceChildren(picture);
    const facts = one("p", figure);
    const name = one("h2", figure.closest("article")).textContent;
    const caption = one("figcaption", figure).textContent;
    one("#viewer-name").textContent = `${name} · ${caption}${facts ? ` · ${facts.textContent}` : ""}`;
    views.replaceChildren(...figuresOf(figure).map((each) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = one("figcaption", each).textContent;
      button.setAttribute("aria-pressed", String(each === figure));
      button.addEventListener("click", () => { show(each); views.children[figuresOf(each).indexOf(each)].focus(); });
      return button;
    }));
    fit();
  };
  const otherView = (step) => {
    const figures = figuresOf(current);
    show(figures[(figures.indexOf(current) + step + figures.length) % figures.length]);
  };
  const otherPhoto = (step) => {
    const shown = all("article:not([hidden])", main);
    const place = shown.indexOf(current.closest("article")) + step;
    if (place < 0 || place >= shown.length) return;
    const kind = current.className;
    const next = all("figure", shown[place]);
    show(next.find((figure) => figure.className === kind) || next[0]);
  };
  const setActual = (wanted) => { actual = wanted; press("#zoom", actual); fit(); };
  const setBare = (wanted) => { stage.classList.toggle("bare", wanted); press("#bare", wanted); };
  const bare = () => setBare(!stage.classList.contains("bare"));

  main.addEventListener("click", (event) => {
    const link = event.target.closest("figure a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !viewer.showModal) return;
    event.preventDefault();
    setBare(false);
    actual = false;
    press("#zoom", false);
    viewer.showModal();
    show(link.closest("figure"));
    stage.focus();
  });
  viewer.addEventListener("close", () => {
    const figure = current.offsetParent ? current : one("figure a", current.closest("article")).closest("figure");
    stage.replaceChildren();
    one("a", figure).focus();
  });
  viewer.addEventListener("keydown", (event) => {
    const steps = {
      ArrowLeft: () => otherPhoto(-1), ArrowRight: () => otherPhoto(1),
      ArrowUp: () => otherView(-1), ArrowDown: () => otherView(1),
      "+": () => setActual(true), "-": () => setActual(false),
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const scrolls = actual && event.target === stage && event.key.startsWith("Arrow");
    if (event.key === " " && event.target === stage) { event.preventDefault(); bare(); }
    else if (steps[event.key] && !scrolls) { event.preventDefault(); steps[event.key](); }
  });
  stage.addEventListener("click", () => setActual(!actual));
  one("#zoom").addEventListener("click", () => setActual(!actual));
  one("#bare").addEventListener("click", bare);
  one("#close").addEventListener("click", () => viewer.close());
  all("[data-go]", viewer).forEach((button) => {
    button.addEventListener("click", () => otherPhoto(Number(button.dataset.go)));
  });
  window.addEventListener("resize", fit);
})();
