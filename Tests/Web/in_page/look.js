// Everything that a text could have become, and whether something ran.
const bad = [];
const html = element => element.outerHTML.slice(0, 200);
const foreign = ['iframe', 'object', 'embed', 'video', 'audio', 'source', 'base', 'math', 'marquee', 'image', 'animate', 'x'];
const addresses = ['href', 'src', 'action', 'formaction', 'ping', 'background', 'data', 'srcdoc', 'xlink:href'];
const elsewhere = address => new URL(address, location).origin !== location.origin;

if (window.__x !== undefined) bad.push('a script ran');
if ({}.to !== undefined || {}.content !== undefined) bad.push('a prototype was changed');
for (const element of document.querySelectorAll('*')) {
  const name = element.localName;
  if (foreign.includes(name)) bad.push('an element ' + html(element));
  if (name === 'img' && element.getAttribute('src') !== '/favicon.svg') bad.push('an image ' + html(element));
  if (name === 'script' && element.textContent.trim()) bad.push('a script with text ' + html(element));
  if (name === 'meta' && element.httpEquiv.toLowerCase() === 'refresh') bad.push('a refresh');
  if (name === 'style') bad.push('a style ' + html(element));
  for (const {name: attribute, value} of element.attributes) {
    if (attribute.startsWith('on')) bad.push('a handler ' + html(element));
    if (addresses.includes(attribute) && elsewhere(value)) bad.push('an address ' + html(element));
    if (attribute === 'style' && /url|expression/.test(value)) bad.push('a style ' + value);
  }
}
const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
for (const id of new Set(ids)) if (ids.filter(other => other === id).length > 1) bad.push('two elements have the id ' + id);
return bad;
