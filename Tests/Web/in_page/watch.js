// Notes when each awaited text first appeared: at the frame after the change, which is the first that can show it.
window.appeared = {};
window.awaited = [];
new MutationObserver(() => {
  const shown = document.querySelector('#log').textContent;
  for (const text of window.awaited.filter(text => shown.includes(text)))
    requestAnimationFrame(() => { window.appeared[text] = Date.now(); });
  window.awaited = window.awaited.filter(text => !shown.includes(text));
}).observe(document.body, {childList: true, subtree: true, characterData: true});
