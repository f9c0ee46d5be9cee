// Scrolls back until as many messages as the argument says have been seen; answers with their ids in order, and the most elements.
const [wanted, done] = arguments;
const log = document.querySelector('#log');
const seen = [], known = new Set();
let most = 0;
const look = () => {
  most = Math.max(most, document.querySelectorAll('*').length);
  const fresh = [...log.querySelectorAll('[data-message-id]')].map(element => element.dataset.messageId).filter(id => !known.has(id));
  fresh.forEach(id => known.add(id));
  seen.unshift(...fresh);
  if (known.size >= wanted) {
    observer.disconnect();
    done({seen, most});
  } else {
    log.scrollTop = 0;
  }
};
const observer = new MutationObserver(() => requestAnimationFrame(look));
observer.observe(log, {childList: true, subtree: true});
look();
