// Answers one IAM simulation per line of standard input with one line of JSON.
import { createInterface } from "node:readline";
import { runSimulation } from "@cloud-copilot/iam-simulate";

// named lists the statements of an analysis: policy and statement id (or number).
const named = (statements) => statements.map((s) => `${s.policyId ?? "resource policy"}/${s.explain.identifier}`);

// layers are what has a say, in the order in which a reader looks for the reason.
const layers = [
  ["identity policies", (a) => a.identityAnalysis],
  ["boundary", (a) => a.permissionBoundaryAnalysis],
  ["session policy", (a) => a.sessionAnalysis],
  ["resource policy", (a) => a.resourceAnalysis],
];

function explain(analysis) {
  const said = [];
  for (const [name, of] of layers) {
    const layer = of(analysis);
    if (layer === undefined || layer.result === "NotApplicable") continue;
    const by = named(layer.result.includes("Den") && layer.denyStatements.length > 0 ? layer.denyStatements : layer.allowStatements);
    said.push(`${name}: ${layer.result}${by.length > 0 ? ` by ${by.join(", ")}` : ""}`);
  }
  return said.join("; ");
}

async function answer(line) {
  try {
    const r = await runSimulation(JSON.parse(line), {});
    if (r.resultType === "error") return { error: JSON.stringify(r.errors) };
    const results = r.resultType === "single" ? [r.result] : r.results;
    return { result: r.overallResult, why: results.map((one) => explain(one.analysis)).join(" | "), ignored: results.flatMap((one) => one.ignoredContextKeys ?? []) };
  } catch (e) {
    return { error: String(e) };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  process.stdout.write(JSON.stringify(await answer(line)) + "\n");
}
