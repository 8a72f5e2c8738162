// The page of a message: its sections as tabs, and the way to the DMARC result played
// step by step. Without it the sections follow each other and all steps are shown.
"use strict";

(() => {
  const bar = document.querySelector("[data-tabs]");
  if (bar) {
    const tabs = Array.from(bar.querySelectorAll("a"));
    const panels = tabs.map((tab) => document.getElementById(tab.hash.slice(1)));
    bar.setAttribute("role", "tablist");
    bar.parentElement.classList.add("tabbed");
    tabs.forEach((tab, i) => {
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panels[i].id);
      panels[i].setAttribute("role", "tabpanel");
      panels[i].setAttribute("aria-labelledby", tab.id);
      panels[i].tabIndex = 0;
    });
    const choose = (chosen) => tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === chosen));
      tab.tabIndex = i === chosen ? 0 : -1;
      panels[i].classList.toggle("on", i === chosen);
    });
    const open = (chosen) => {
      choose(chosen);
      history.replaceState(null, "", tabs[chosen].hash);
    };
    // holding gives the section in which a place of the page is, -1 for none.
    const holding = (hash) => {
      let target = null;
      try { target = document.getElementById(decodeURIComponent(hash.slice(1))); } catch { /* no place of ours */ }
      return target ? panels.findIndex((panel) => panel.contains(target)) : -1;
    };
    bar.addEventListener("click", (e) => {
      const chosen = tabs.indexOf(e.target.closest("a"));
      if (chosen < 0 || e.ctrlKey || e.metaKey || e.shiftKey) return;
      e.preventDefault();
      open(chosen);
    });
    bar.addEventListener("keydown", (e) => {
      const at = tabs.indexOf(document.activeElement);
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1, " ": at }[e.key];
      if (at < 0 || to === undefined || e.ctrlKey || e.metaKey || e.altKey) return;
      e.preventDefault();
      const chosen = (to + tabs.length) % tabs.length;
      open(chosen);
      tabs[chosen].focus();
    });
    // reveal opens what a place is folded into.
    const reveal = (place) => {
      for (let d = place.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
    };
    // A link into a section opens it first, so that the browser finds the place.
    document.addEventListener("click", (e) => {
      const link = e.target.closest && e.target.closest('a[href^="#"]');
      if (!link || bar.contains(link)) return;
      const at = holding(link.hash);
      if (at < 0) return;
      choose(at);
      reveal(document.getElementById(decodeURIComponent(link.hash.slice(1))));
    });
    const follow = () => {
      const at = holding(location.hash);
      if (at < 0) return false;
      const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      choose(at);
      reveal(place);
      place.scrollIntoView();
      return true;
    };
    window.addEventListener("hashchange", follow);
    // The other language shows the same section.
    const other = document.querySelector("[data-lang]");
    if (other) other.addEventListener("click", () => { other.hash = location.hash; });
    if (!follow()) choose(0);
  }

  const player = document.querySelector("[data-player]");
  if (!player) return;
  const steps = Array.from(player.querySelectorAll("[data-player-step]"));
  const controls = player.querySelector("[data-player-controls]");
  const says = player.querySelector("[data-player-says]");
  const speed = player.querySelector("select");
  const button = (name) => controls.querySelector(`[data-do="${name}"]`);
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  let at = -1; // the step that is shown last; -1: all of them, nothing is played
  let timer = 0;

  const pause = () => {
    clearTimeout(timer);
    timer = 0;
    button("play").textContent = player.dataset.play;
  };
  const show = (n) => {
    at = n;
    steps.forEach((step, i) => {
      step.hidden = n >= 0 && i > n;
      step.classList.toggle("now", i === n);
      if (i === n) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
    });
    if (n < 0) {
      says.textContent = "";
      return;
    }
    const text = Array.from(steps[n].querySelectorAll(":scope > h4, :scope > p"), (e) => e.textContent.trim()).join(" ");
    says.textContent = player.dataset.step.replace("{n}", n + 1).replace("{m}", steps.length) + " " + text;
    steps[n].scrollIntoView({ block: "nearest", behavior: still.matches ? "auto" : "smooth" });
  };
  // wait is as long as the step takes to read.
  const wait = () => {
    const time = Math.max(2000, steps[at].textContent.trim().length * 40) / Number(speed.value);
    timer = setTimeout(() => {
      if (at >= steps.length - 1) { pause(); return; }
      show(at + 1);
      wait();
    }, time);
  };
  const actions = {
    play: () => {
      if (timer) { pause(); return; }
      if (at < 0 || at >= steps.length - 1) show(0);
      button("play").textContent = player.dataset.pause;
      wait();
    },
    back: () => { pause(); show(at < 0 ? steps.length - 1 : Math.max(0, at - 1)); },
    next: () => { pause(); show(at < 0 ? 0 : Math.min(steps.length - 1, at + 1)); },
    first: () => { pause(); show(0); },
    skip: () => { pause(); show(-1); },
  };
  controls.hidden = false;
  controls.addEventListener("click", (e) => {
    const name = e.target.dataset.do;
    if (name) actions[name]();
  });
  speed.addEventListener("change", () => {
    if (!timer) return;
    clearTimeout(timer);
    wait();
  });
  player.addEventListener("keydown", (e) => {
    if (e.target.closest("select, pre, summary") || e.ctrlKey || e.metaKey || e.altKey) return;
    const name = { ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "skip" }[e.key];
    if (!name) return;
    e.preventDefault();
    actions[name]();
  });
  window.addEventListener("beforeprint", () => actions.skip());
})();
