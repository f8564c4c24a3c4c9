package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/doctor/blueprint"
	"github.com/shoreup/shoreup/shared/occurrence"
)

const (
	// mostly is what holds against whoever decides in the place of others.
	mostly = "what may be done is the catalogue's: the smallest fix of a control, planned anew, journalled and read back"
	// deny is what to do against rights that no template can take away.
	deny = `; deny it to people, see "What to deny people" in infra/DEPLOY.md`
)

// invoked says what whoever may invoke a function without its URL comes to, by the function's name. Who calls a function writes all that it is given: the
// message, the queue that it is said to come from, the person who is said to have signed it.
var invoked = map[string]struct{ worst, bounded string }{
	"shoreup-decide": {"is every approver: says any word in the name of anybody, as if it came from the queue of words", "nobody approves what they caused or asked for; an approval is of one plan's hash, and stands on the record"},
	"shoreup-review": {"is every approver: says who signed the request", "nobody approves what they caused or asked for; an approval is of one plan's hash, and stands on the record"},
	"shoreup-apply": {"orders whatever an order may: automatic fixes, what was approved, and what a request to take back was agreed to, as if from any of its queues",
		"each is planned anew; the rules file decides, and approvals are read from their table"},
	"shoreup-evaluate": {"makes up any event: has what is long wrong taken for just happened, which a mode auto may fix; blames somebody, who then may not decide, or clears one",
		"of an event the place to look, the time and who did it are believed, and nothing else; the rules file decides"},
	"shoreup-sweep":      {"has everything looked at, again and again", "it changes nothing; what is found is decided as ever"},
	"shoreup-notify":     {"tells people in Slack as shoreup what they like, about a plan that waits, too", "a button decides the plan of its hash, which the review page and shoreup pending show from the table"},
	"shoreup-reconcile":  {"tells of calls that never were", "it cannot hide one: the rule's own event still comes"},
	"shoreup-interact":   {"does what whoever knows its URL can: nothing without Slack's signature", "requests are known by the signing secret"},
	"shoreup-seal":       {"has it run once more", "it takes no input"},
	"shoreup-report":     {"has it run once more", "it takes no input"},
	"shoreup-configrule": {"has a control judged, and the answer given to a question of AWS Config", "it changes nothing"},
	"shoreup-actions":    {"makes or deletes the two custom actions in Security Hub", "what people pick there opens a request and approves nothing"},
}

// invokers are the powers of those who may start functions themselves.
func invokers(b *blueprint.Blueprint) []power {
	var out []power
	for _, f := range b.Functions {
		says := invoked[f.Name]
		right := "lambda:InvokeFunction on it, but by its URL"
		if f.URL == "" {
			right = "lambda:InvokeFunction on it"
		}
		out = append(out, power{Who: "may invoke " + f.Name + " directly", Rights: []string{right, "lambda:AddPermission on it"}, Worst: says.worst, Bounded: says.bounded + deny})
	}
	return listed(out)
}

// others are the powers that come from no function's role: what the functions believe, and what stands above all of it.
func others(b *blueprint.Blueprint) []power {
	rules, tables := cmp.Or(setting(b, "SHOREUP_RULES"), "the rules file"), map[string]string{}
	for _, t := range occurrence.Tables() {
		for _, name := range b.Tables {
			if strings.HasSuffix(name, "-"+t.Suffix) {
				tables[t.Suffix] = name
			}
		}
	}
	return listed([]power{
		{Who: "writes " + rules, Rights: []string{"s3:PutObject on it"},
			Worst:   "turns any mode to auto, ends exceptions, limits and freezes, takes principals off the protected list, and names the accounts that are looked after",
			Bounded: mostly + "; IAM and account-wide settings are never automatic; each version stays, and stands in every plan made with it"},
		{Who: "writes table " + tables[occurrence.StateTable], Rights: []string{"dynamodb:UpdateItem, PutItem or DeleteItem on it"},
			Worst: "lifts the kill switch, resets limits, and frees documents that are being changed", Bounded: mostly + "; the rules file still decides"},
		{Who: "writes table " + tables[occurrence.ApprovalTable], Rights: []string{"dynamodb:UpdateItem or PutItem on it"},
			Worst: "approves in the name of others what the rules file leaves to people, IAM included", Bounded: mostly + "; an approval is of one plan's hash"},
		{Who: "writes table " + tables[occurrence.AuditTable], Rights: []string{"dynamodb:UpdateItem, PutItem or DeleteItem on it"},
			Worst:   "writes history anew, and has undo calls of records believed",
			Bounded: "shoreup audit verify finds what does not fit the chain, and with --remembered what does not fit a Slack message or a sealed segment; an undo runs only the control's declared undo calls"},
		{Who: "reads the secret " + setting(b, "SHOREUP_SLACK_SIGNING"), Rights: []string{"secretsmanager:GetSecretValue on it"},
			Worst:   "clicks in the name of anybody whom the rules file names: approves what it leaves to people",
			Bounded: mostly + "; an approval is of one plan's hash, stands on the record, and its message in Slack says who is said to have clicked"},
		{Who: "reads the secret " + setting(b, "SHOREUP_SLACK_SECRET"), Rights: []string{"secretsmanager:GetSecretValue on it"},
			Worst: "posts as shoreup, and changes what its messages say", Bounded: "it makes no click: what clicks are known by is in a secret of its own"},
		{Who: "makes rules of EventBridge named shoreup-*, or gives such a rule targets", Rights: []string{"events:PutRule and PutTargets on rule/shoreup-*"},
			Worst:   "makes up any event, as if AWS had told of it (a target can rewrite what it is given): has what is long wrong taken for just happened, blames somebody, who then may not decide, or clears one; tells of calls that never were",
			Bounded: "of an event the place to look, the time and who did it are believed, and nothing else; shoreup doctor names rules and targets that are not the template's" + deny},
		{Who: "deploys: CloudFormation, its execution role, or whoever may write roles and policies below /shoreup/", Rights: []string{"cloudformation:UpdateStack", "iam:PutRolePolicy, AttachRolePolicy, CreatePolicyVersion or UpdateAssumeRolePolicy on role/shoreup/*, policy/shoreup/*"},
			Worst: "all of the above, in every account that the roles are in", Bounded: "nothing of shoreup's: treat it as administrator of all those accounts"},
	})
}

// setting is what some function's environment says.
func setting(b *blueprint.Blueprint, key string) string {
	i := slices.IndexFunc(b.Functions, func(f blueprint.Function) bool { return f.Environment[key] != "" })
	if i < 0 {
		return ""
	}
	return b.Functions[i].Environment[key]
}

// listed fills in what powers without a role have none of, so that JSON has lists.
func listed(list []power) []power {
	for i := range list {
		list[i].Takes, list[i].Writes, list[i].Own, list[i].Escalates = []string{}, []string{}, []string{}, []string{}
	}
	return list
}
