package infra

import (
	"slices"

	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// function is one Lambda function: what it is for, its measures, and all that it may do. Roles, queues and environment follow from it.
type function struct {
	name, does      string
	timeout, memory float64 // s, MB
	feeds           []feed
	every           string // schedule expression by which EventBridge starts it
	caller          string // the service that starts it otherwise
	address         string // who may call the URL that it answers at: openToAll or signedOnly; empty: it has none
	reserved        bool   // runs in a share of the account's concurrency of its own, which the parameter says
	condition       string // it exists only where this holds
	sends           []string
	takes           []string // roles, with their path, besides those that write
	writes          bool     // takes the remediation and restore roles
	state, audit    []string // what it does with the tables
	approvals       []string
	switches        bool // writes the kill switch, and nothing else of the state
	hears           bool // writes into the state what it heard, and nothing else
	rules, slack    bool
	clicks          bool        // reads what clicks are known by
	more            []statement // what else it may do
	inline          string      // its code, where that is in the template itself; then it is no function of ours by folder
	seals           bool        // writes sealed parts of the audit log
	reports         bool        // writes into the bucket of reports
}

// feed is a queue that starts a function.
type feed struct {
	queue         string
	batch, window float64 // messages at a time, and s to wait for them
	atOnce        float64 // how many of the function run at the same time for this queue
	late          float64 // age in s of the oldest message that people hear of; 0: what is usual
}

// The DynamoDB actions that functions need; a transaction needs those of its items (DynamoDB developer guide, "Transactions and IAM").
const (
	query = "dynamodb:Query"

	getItem, putItem, updateItem, deleteItem, checkItem = "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"
)

// fleet are functions that are deployed together.
type fleet []function

// functions are those of every installation.
var functions = fleet{
	{
		name: "evaluate", does: "Looks at the resources that events point to, and decides", timeout: 120, memory: 512,
		// What people and sweeps ask for waits in queues of its own, so that neither is behind the other, nor in front of what just happened.
		feeds: []feed{{queue: eventsQueue, batch: 10, atOnce: 10}, {queue: "evaluate", batch: 10, atOnce: 10, late: sweepLate}, {queue: commandsQueue, batch: 1, atOnce: 2}},
		sends: []string{applyQueue, decideQueue, "notify", deadLetters}, takes: []string{hub.ReadRole}, rules: true,
		state: []string{getItem, putItem, deleteItem, query}, audit: []string{getItem, putItem}, approvals: []string{getItem}, // exemptions
	},
	{
		name: "apply", does: "Plans again, journals, writes, reads back and records", timeout: 180, memory: 512,
		// A queue for each who orders: what an order may claim depends on it. People do not wait behind what is automatic. Nine at the same time, of five orders
		// each: limits and leases are in the table, whatever the number.
		feeds: []feed{{queue: applyQueue, batch: 5, atOnce: 5}, {queue: approvedQueue, batch: 5, atOnce: 2}, {queue: againQueue, batch: 5, atOnce: 2}},
		sends: []string{againQueue, decideQueue, "notify", deadLetters}, takes: []string{hub.ReadRole}, writes: true, rules: true,
		state: []string{getItem, putItem, updateItem, deleteItem, checkItem, query}, audit: []string{getItem, putItem, query}, approvals: []string{getItem, checkItem}, // an undo verifies the whole chain
	},
	{
		name: "notify", does: "Tells people in Slack, and AWS Config and Security Hub", timeout: 60, memory: 256,
		feeds: []feed{{queue: "notify", batch: 100, window: 5, atOnce: 2}}, sends: []string{decideQueue}, takes: []string{annotateRole}, rules: true, slack: true,
		approvals: []string{getItem}, // messages say how a request stands now, whatever order news of it comes in
	},
	{
		name: "sweep", does: "Lists everything that a control judges and has it evaluated", timeout: 900, memory: 256, every: "${" + paramSchedule + "}",
		feeds: []feed{{queue: "sweep", batch: 1, atOnce: 5, late: sweepLate}},
		sends: []string{"evaluate", "sweep", deadLetters}, takes: []string{hub.ReadRole}, rules: true,
	},
	{
		name: "seal", does: "Verifies what is new in the audit log and seals it in the audit bucket", timeout: 900, memory: 512, every: "rate(1 hour)",
		audit: []string{getItem, query}, seals: true, rules: true, // the accounts: a chain may be hidden from the table's own list
	},
	{
		name: "decide", does: "Asks people about plans, and takes their word; it alone writes approvals", timeout: 300, memory: 512, every: "rate(15 minutes)",
		// What people said does not wait behind what there is to ask them.
		feeds: []feed{{queue: decideQueue, batch: 10, atOnce: 2}, {queue: wordsQueue, batch: 10, atOnce: 2}},
		sends: []string{approvedQueue, "notify", deadLetters}, rules: true,
		state: []string{getItem, query}, switches: true, audit: []string{getItem, putItem, query}, approvals: []string{getItem, putItem, query},
	},
	{
		name: "interact", does: "Hears from Slack what people clicked, and passes it on", timeout: 5, memory: 512, address: openToAll, reserved: true, condition: ifClicks,
		sends: []string{wordsQueue}, hears: true, rules: true, slack: true, clicks: true,
		// Who may decide is not what the newest rules file says until the people before have agreed.
		more: []statement{{actions: []string{getItem}, resources: []string{tableARN(occurrence.ApprovalTable)}, condition: object{
			"ForAllValues:StringEquals": object{leadingKeys: "people"}, "Null": object{leadingKeys: "false"},
		}}},
	},
	{
		name: "review", does: "Shows people who signed in to AWS what waits for them, and passes their word on", timeout: 30, memory: 512, address: signedOnly,
		sends: []string{wordsQueue}, state: []string{getItem, query}, audit: []string{getItem, query}, approvals: []string{getItem, query},
		// Who signed in through IAM Identity Center is shown by a role that only that service can make.
		more: []statement{{actions: iamapi.GetRole.Op.Actions, resources: []string{"arn:" + partition + ":iam::" + account + ":role/aws-reserved/sso.amazonaws.com/*"}}},
	},
	{
		name: "report", does: "Writes the report and says where it is", timeout: 900, memory: 1024, every: "${" + paramReports + "}",
		sends: []string{"notify"}, rules: true, reports: true,
		state: []string{query}, audit: []string{getItem, query}, approvals: []string{query},
	},
	{
		name: "reconcile", does: "Compares what our own roles did with what the audit log says", timeout: 60, memory: 256,
		feeds: []feed{{queue: reconciliation, batch: 10, atOnce: 2}},
		sends: []string{"notify", deadLetters}, audit: []string{getItem, query},
	},
}

// Functions returns the names of all functions that have a folder, those that are deployed only by context included.
func Functions() []string {
	var out []string
	for _, f := range append(slices.Clone(functions), configRuleFunction()) {
		out = append(out, f.name)
	}
	return out
}

func (f function) sendsTo(queue string) bool { return slices.Contains(f.sends, queue) }

// async reports whether the function is started without a queue, too: an invocation that failed for good must not be lost. Whoever may call a function
// at a URL may also start it without waiting for the answer.
func (f function) async() bool { return f.every != "" || f.caller != "" || f.address != "" }

// those returns the names of the functions that a test holds for, in order.
func (l fleet) those(which func(function) bool) []string {
	var out []string
	for _, f := range l {
		if which(f) {
			out = append(out, f.name)
		}
	}
	return out
}

// takers returns the functions that take a role.
func (l fleet) takers(role string) []string {
	return l.those(func(f function) bool { return slices.Contains(f.takes, role) })
}

func functionID(name string) string { return id(name, "function") }

func logGroup(f function) string { return "/aws/lambda/" + name(f.name) }
