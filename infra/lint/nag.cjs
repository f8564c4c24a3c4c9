// Runs cdk-nag over finished templates. Usage: node nag.cjs FOLDER-WITH-NODE_MODULES SUPPRESSIONS TEMPLATE...
// Every finding must be named by a suppression, which has a reason, and each of its rules must be needed by at least one template; else it ends in 1.
//
// A suppression names findings to the letter: the asterisk in "AwsSolutions-IAM5[Resource::*]" is the resource "*" and no other. Only among the logical ids of
// resources two signs stand for something else: # for a number ("ReadRolePolicy#"), and * for a word at the beginning of an id ("*Function").
'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');

const [home, file, ...templates] = process.argv.slice(2);
const load = (name) => require(path.join(home, 'node_modules', name));
const { App, Stack } = load('aws-cdk-lib');
const { CfnInclude } = load('aws-cdk-lib/cloudformation-include');
const { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } = load('cdk-nag');

// isNamed reports whether a logical id is what a suppression says.
const isNamed = (said, id) => new RegExp('^' + said.replace(/^\*/, '[A-Za-z0-9]+').replace(/#$/, '[0-9]+') + '$').test(id);

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
  s.used = new Set();
  if (!s.reason) complain(`${file}: the suppression of ${s.rules.join(', ')} has no reason`);
  for (const r of s.resources) {
    if (!/^\*?[A-Za-z0-9]+#?$/.test(r)) complain(`${file}: ${r} is no logical id, with * before or # behind it`);
  }
}
let suppressed = 0;
for (const template of templates) {
  for (const f of findings(template)) {
    const by = suppressions.filter((s) => s.rules.includes(f.rule) && s.resources.some((r) => isNamed(r, f.resource)));
    by.forEach((s) => s.used.add(f.rule));
    if (by.length === 0) complain(`${template}: ${f.resource}: ${f.rule}: ${f.says}`);
    else suppressed++;
  }
}
for (const s of suppressions) {
  for (const rule of s.rules) {
    if (!s.used.has(rule)) complain(`${file}: nothing needs the suppression of ${rule} on ${s.resources.join(', ')}`);
  }
}
if (bad > 0) process.exit(1);
console.log(`cdk-nag: ${templates.length} templates without findings; ${suppressed} suppressed by ${suppressions.length} reasons`);
