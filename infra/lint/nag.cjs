// Runs cdk-nag over finished templates. Usage: node nag.cjs FOLDER-WITH-NODE_MODULES SUPPRESSIONS TEMPLATE...
// Every finding must be named by a suppression, which has a reason, and every suppression must be needed by at least one template; else it ends in 1.
'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');

const [home, file, ...templates] = process.argv.slice(2);
const load = (name) => require(path.join(home, 'node_modules', name));
const { App, Stack } = load('aws-cdk-lib');
const { CfnInclude } = load('aws-cdk-lib/cloudformation-include');
const { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } = load('cdk-nag');

// matches reports whether text is what the pattern says, in which * stands for anything.
const matches = (pattern, text) =>
  new RegExp('^' + pattern.split('*').map((s) => s.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*') + '$').test(text);

function findings(template) {
  const outdir = fs.mkdtempSync(path.join(os.tmpdir(), 'shoreup-nag-'));
  try {
    const app = new App({ analyticsReporting: false, outdir });
    new CfnInclude(new Stack(app, 'Stack'), 'Template', { templateFile: template });
    const found = new Map();
    for (const Pack of [AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks]) {
      for (const v of new Pack(app).validateScope(app).violations) {
        for (const r of v.violatingResources) {
          const resource = r.constructPath.split('/').pop();
          found.set(v.ruleName + ' ' + resource, { rule: v.ruleName, resource, says: v.description });
        }
      }
    }
    return [...found.values()];
  } finally {
    fs.rmSync(outdir, { recursive: true, force: true });
  }
}

const suppressions = JSON.parse(fs.readFileSync(file, 'utf8'));
let bad = 0;
const complain = (text) => {
  bad++;
  console.error(text);
};
for (const s of suppressions) {
  s.used = 0;
  if (!s.reason) complain(`${file}: the suppression of ${s.rule} has no reason`);
}
let suppressed = 0;
for (const template of templates) {
  for (const f of findings(template)) {
    const by = suppressions.filter((s) => matches(s.rule, f.rule) && s.resources.some((r) => matches(r, f.resource)));
    by.forEach((s) => s.used++);
    if (by.length === 0) complain(`${template}: ${f.resource}: ${f.rule}: ${f.says}`);
    else suppressed++;
  }
}
for (const s of suppressions) {
  if (s.used === 0) complain(`${file}: nothing needs the suppression of ${s.rule} on ${s.resources.join(', ')}`);
}
if (bad > 0) process.exit(1);
console.log(`cdk-nag: ${templates.length} templates without findings; ${suppressed} suppressed by ${suppressions.length} reasons`);
