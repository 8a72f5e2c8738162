// The pages' one script. Everything also works without it: it adds copying,
// dropping a file, and the SMTP session as it happens.
"use strict";

(() => {
  // Copy buttons. They are hidden until it is certain that they can work.
  const copy = async (text, from) => {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text);
      return;
    }
    // Plain HTTP from another machine has no clipboard API.
    const range = document.createRange();
    range.selectNodeContents(from);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    if (!document.execCommand("copy")) throw new Error("copy refused");
  };
  // What was done without leaving the page is said to who does not see it.
  const said = document.createElement("div");
  said.className = "visually-hidden";
  said.setAttribute("aria-live", "polite");
  document.body.append(said);
  const copyButtons = (within) => { for (const button of within.querySelectorAll("button[data-copy]")) {
    const from = document.getElementById(button.dataset.copy);
    if (!from) continue;
    const label = button.firstChild; // behind it may stand of what
    const text = label.data;
    let timer = 0;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await copy(from.textContent, from);
        label.data = "✓ " + button.dataset.done;
        said.textContent = button.dataset.done;
        clearTimeout(timer);
        timer = setTimeout(() => { label.data = text; said.textContent = ""; }, 2500);
      } catch {
        from.focus();
      }
    });
  } };
  copyButtons(document);

  // Drop a file anywhere on the page that has the form.
  const form = document.querySelector("form[data-drop]");
  if (form) {
    const input = form.querySelector("input[type=file]");
    const name = form.querySelector("[data-drop-name]");
    const hasFile = (e) => e.dataTransfer && Array.from(e.dataTransfer.types).includes("Files");
    const show = () => {
      name.textContent = input.files.length ? input.files[0].name : "";
    };
    input.addEventListener("change", show);
    document.addEventListener("dragover", (e) => {
      if (!hasFile(e)) return;
      e.preventDefault();
      form.classList.add("is-over");
    });
    document.addEventListener("dragleave", (e) => {
      if (!e.relatedTarget) form.classList.remove("is-over");
    });
    document.addEventListener("drop", (e) => {
      if (!hasFile(e)) return;
      e.preventDefault();
      form.classList.remove("is-over");
      if (!e.dataTransfer.files.length) return;
      input.files = e.dataTransfer.files;
      show();
      form.scrollIntoView({ block: "center" });
      form.querySelector("button[type=submit]").focus();
    });
  }

  // The field of the home page: Enter asks, as in a field of one line; a pasted text has
  // its own lines, and Shift+Enter makes one.
  for (const area of document.querySelectorAll("textarea[data-enter]")) {
    area.addEventListener("keydown", (e) => {
      if (e.key !== "Enter" || e.shiftKey || e.isComposing || area.value.includes("\n")) return;
      e.preventDefault();
      area.form.requestSubmit();
    });
  }
  // A choice that needs no button where there is a script.
  for (const auto of document.querySelectorAll("form[data-auto]")) {
    auto.querySelector("button").hidden = true;
    auto.addEventListener("change", () => auto.requestSubmit());
  }
  for (const print of document.querySelectorAll("[data-print]")) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }

  // A report to come: it answers 202 until it is there.
  const pending = document.querySelector("[data-pending]");
  if (pending && window.fetch) {
    const look = async () => {
      try {
        const answer = await fetch(location.href, { method: "HEAD" });
        if (answer.status !== 202) { location.reload(); return; }
      } catch {
        // The server is away for a moment.
      }
      setTimeout(look, pending.dataset.pending * 1000);
    };
    setTimeout(look, 1000);
  }

  // A check as it happens.
  const checking = document.querySelector("[data-checking]");
  if (checking && window.EventSource) {
    const state = checking.querySelector("[data-checking-state]");
    const steps = new EventSource(checking.dataset.checking);
    steps.onmessage = (message) => {
      let e;
      try { e = JSON.parse(message.data); } catch { return; }
      for (const key of e.done || []) {
        const item = checking.querySelector(`[data-step="${CSS.escape(key)}"]`);
        if (!item || item.classList.contains("done")) continue;
        item.classList.add("done");
        item.querySelector(".sign").textContent = "✓";
      }
      if (e.text) state.textContent = e.text;
      if (e.go) {
        steps.close();
        location.replace(e.go);
      }
    };
    // The stream ended without a word: look at the page itself.
    let errors = 0;
    steps.onerror = () => { if (++errors > 2) location.reload(); };
  }

  // Records that are judged as they are typed. An answer that comes late is not shown.
  const whatif = document.querySelector("form[data-whatif]");
  if (whatif && window.fetch) {
    const shown = document.querySelector("[data-whatif-result]");
    const text = whatif.querySelector("textarea");
    let timer = 0;
    let running = null;
    const judge = async () => {
      if (running) running.abort();
      const mine = running = new AbortController();
      shown.setAttribute("aria-busy", "true");
      try {
        const answer = await fetch(whatif.action, {
          method: "POST", body: new URLSearchParams(new FormData(whatif)), headers: { "Todoku-Part": "result" }, signal: mine.signal,
        });
        if (!answer.ok) throw new Error(answer.status);
        const part = new DOMParser().parseFromString(await answer.text(), "text/html");
        shown.replaceChildren(...part.body.childNodes);
      } catch (e) {
        if (e.name === "AbortError") return;
        // The button still works, and says what is wrong.
      }
      if (running === mine) shown.removeAttribute("aria-busy");
    };
    text.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(judge, 350);
    });
  }

  // A part of the page that is looked at again now and then. What is open stays open, and
  // nothing is changed under a selection or the keyboard's focus.
  const part = document.querySelector("[data-again]");
  if (part && window.fetch) {
    let last = "";
    let quiet = 0;
    const busy = () => part.contains(document.activeElement) || (!getSelection().isCollapsed && part.contains(getSelection().anchorNode));
    const again = async () => {
      try {
        if (document.hidden || busy()) return;
        const answer = await fetch(part.dataset.again, { headers: { "Todoku-Part": "result" } });
        if (answer.status === 404) { quiet = Infinity; return; }
        if (!answer.ok) return;
        const text = await answer.text();
        quiet = text === last ? quiet + 1 : 0;
        if (text === last || busy()) return;
        last = text;
        const open = Array.from(part.querySelectorAll("details[open][id]"), (d) => d.id);
        const fresh = new DOMParser().parseFromString(text, "text/html");
        part.replaceChildren(...fresh.body.childNodes);
        for (const id of open) document.getElementById(id)?.setAttribute("open", "");
        copyButtons(part);
      } catch {
        // The next time, perhaps.
      } finally {
        if (quiet !== Infinity) setTimeout(again, quiet > 40 ? 20000 : 3000);
      }
    };
    setTimeout(again, 3000);
  }

  // The session as it happens.
  const live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  // A reload shall keep the address, not make another.
  if (location.pathname === "/" && live.dataset.page) {
    history.replaceState(null, "", live.dataset.page + location.search);
  }
  const state = live.querySelector("[data-live-state]");
  const log = live.querySelector("[data-live-log]");
  const progress = live.querySelector("[data-live-progress]");
  const maxLines = 60;
  let done = false;
  let lost = false;
  let fallback = 0;

  const go = (to) => {
    done = true;
    source.close();
    live.classList.add("is-done");
    location.assign(to);
  };
  const add = (e) => {
    const item = document.createElement("li");
    if (e.mark === "✓") item.className = "ok";
    if (e.mark === "✗") item.className = "bad";
    const sign = document.createElement("span");
    sign.className = "t-sign";
    sign.setAttribute("aria-hidden", "true");
    sign.textContent = e.mark;
    const text = document.createElement("span");
    text.textContent = e.label;
    if (e.link && e.mark === "✗") {
      const a = document.createElement("a");
      a.href = e.link;
      a.textContent = live.dataset.details;
      text.append(" ", a);
    }
    item.append(sign, text);
    log.append(item);
    while (log.children.length > maxLines) log.firstElementChild.remove();
  };

  const source = new EventSource(live.dataset.live);
  source.onmessage = (message) => {
    let e;
    try { e = JSON.parse(message.data); } catch { return; }
    if (e.kind === "data") { // grows: one line, outside the live region
      progress.hidden = false;
      progress.textContent = e.label;
      return;
    }
    progress.hidden = true;
    add(e);
    if (e.kind === "connected") state.textContent = live.dataset.arriving;
    if (e.kind === "dropped" || e.kind === "refused") state.textContent = live.dataset.waiting;
    if (e.go) {
      state.textContent = e.label;
      go(e.go);
    } else if (e.kind === "received" && e.link) {
      // Should the verdict's event get lost, the report's own page knows to wait.
      clearTimeout(fallback);
      fallback = setTimeout(() => go(e.link), 20000);
    }
  };
  source.onopen = () => {
    live.classList.remove("is-off");
    if (lost) state.textContent = live.dataset.back;
    lost = false;
  };
  source.onerror = () => {
    if (done) return;
    lost = true;
    live.classList.add("is-off");
    state.textContent = live.dataset.lost;
  };
  // Coming back by the Back button shows a page from memory whose stream is closed.
  window.addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });
})();
