// What axe finds.
const done = arguments[arguments.length - 1];
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const told = node => node.html.slice(0, 200) + ' ' + node.failureSummary;
axe.run(document, {runOnly: rules}).then(
  found => done(found.violations.map(fault => fault.id + ': ' + fault.nodes.slice(0, 3).map(told).join(' | '))),
  error => done([String(error)]));
