// Package cost works out what an installation costs a month. Every assumption and every price is data here, and COST.md is compared with what comes of
// them, so that the document cannot say something else. It needs no network and asks nobody for prices: they are list prices, to be checked.
package cost

import (
	"encoding/json"
	"fmt"

	"github.com/shoreup/shoreup/infra/template"
)

// Fleet is what is looked after. Figures are for one account unless they say otherwise.
type Fleet struct {
	Accounts  int
	Regions   int // that are looked after in each account
	Resources int // of the types that controls judge, in all Regions of an account
	Events    int // a day that a rule matches: calls that change something which a control judges
	Findings  int // a day that are new, each recorded and told
	Fixes     int // a day that are made
	Asks      int // a day that a person is asked about, and answers
	Hub       bool
}

// Fleets are the installations that COST.md shows.
var Fleets = []Fleet{
	{Accounts: 1, Regions: 2, Resources: 500, Events: 200, Findings: 4, Fixes: 2, Asks: 1},
	{Accounts: 10, Regions: 4, Resources: 500, Events: 200, Findings: 4, Fixes: 2, Asks: 1, Hub: true},
	{Accounts: 1000, Regions: 4, Resources: 500, Events: 200, Findings: 4, Fixes: 2, Asks: 1, Hub: true},
}

// What the work takes. Durations are billed Lambda time in seconds, as if nothing ran beside anything else.
const (
	days   = 30
	hours  = 24 * days
	sweeps = 4 * days // a month: every six hours

	secondsToEvaluate = 0.15                 // one resource: one to six requests of 30 ms
	secondsToFix      = 1.0                  // plan again, journal, write, read back
	secondsToTell     = 0.5                  // one message
	secondsToList     = 5.0                  // one account and Region in a sweep
	secondsToSeal     = 0.5                  // one chain in a run
	controlsPerType   = 1.6                  // 29 controls on 18 types
	readsPerControl   = 1.0                  // DynamoDB units: is there an open occurrence?
	writesPerFinding  = 30.0                 // units: occurrence, record and head in a transaction, which counts twice
	writesPerFix      = 80.0                 // units: leases, claim, intent, counters, result, close; entries of 4 KB in transactions
	readsPerFix       = 40.0                 // units
	recordsPerFinding = 1.0                  // audit records
	recordsPerFix     = 3.0                  // decision, intent, result
	kbPerRecord       = 4.0                  // of the table and of the sealed log
	logKBPerEvent     = 1.0                  // of the functions' logs, platform lines included
	logKBPerResource  = 0.15                 // in a sweep: ten resources share the platform's lines, and a line of 300 bytes for each control and outcome among them
	globalShare       = 0.1                  // of the events, those of IAM: they come from the home Region
	months            = 12.0                 // of records that are kept: a year
	objectsRechecked  = 20.0                 // segments that sealing reads again in a run, for each chain
	recordsRechecked  = 100.0                // records in them, each read in the table again
	readsPerRun       = 4.0                  // units of sealing, for each chain and run besides: its head, what is new, the head behind that, and whether the table lists it
	readsPerSealed    = 2.0                  // how often a record is read when it is new: to be verified, and again just before it is written
	pollsPerQueue     = 5.0 * 3 * 60 * hours // five pollers, each with a request of 20 seconds after another, whether or not anything comes
	resourcesPerSend  = 250.0                // 25 in a message, 10 messages in a request
	messagesPerBatch  = 10.0

	ticks             = 4 * hours // of the function that decides, a month: every quarter of an hour
	secondsToTick     = 0.02      // one account: two queries
	secondsToHear     = 0.3       // one answer: what Slack or the page sends, and what the function that decides makes of it
	secondsToReport   = 0.2       // one account
	secondsToCompare  = 0.3       // a batch of calls of our own roles
	callsPerFix       = 2.0       // events about what our own roles did
	openPerAccount    = 20.0      // occurrences at a time: what is reported, waits or is exempt
	keptPerAccount    = 90.0      // requests, which are kept for 90 days after their end
	kbPerRead         = 4.0       // of what one read unit reads
	rulesSeconds      = 30.0      // for which a running function keeps the rules file
	kbPerOpen         = 4.0       // of an open occurrence or a request, its plan included
	writesPerAsk      = 30.0      // units: the request asked, shown, answered and ended, each with its record
	readsPerFixOfOwn  = 20.0      // units: to find the intent by time, and to read what is around it
	reportsKept       = 400.0     // days
	kbPerPlanReported = 6.0       // of a report, in three formats and as the newest page
	reportObjects     = 4.0
	listsPerRun       = 3.0    // of S3, for each chain and run of sealing: for the last segment, and from where some are read again
	keysPerList       = 1000.0 // that one request lists at most
)

// Counts are how many there are of what costs by the piece, in the template.
type Counts struct {
	Alarms, Dashboards, Queues, Keys int
	AtOnce                           float64            // functions that queues keep running at the same time, at most
	Memory                           map[string]float64 // GB, by function
}

// Counted reads the counts from the embedded template.
func Counted() (Counts, error) {
	var t struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
		}
	}
	if err := json.Unmarshal([]byte(template.SingleAccount()), &t); err != nil {
		return Counts{}, fmt.Errorf("reading the template: %w", err)
	}
	c := Counts{Memory: map[string]float64{}}
	for _, r := range t.Resources {
		switch r.Type {
		case "AWS::CloudWatch::Alarm":
			c.Alarms++
		case "AWS::CloudWatch::Dashboard":
			c.Dashboards++
		case "AWS::Lambda::EventSourceMapping":
			c.Queues++ // that Lambda polls
			scaling, _ := r.Properties["ScalingConfig"].(map[string]any)
			most, _ := scaling["MaximumConcurrency"].(float64)
			c.AtOnce += most
		case "AWS::KMS::Key":
			c.Keys++
		case "AWS::Lambda::Function":
			name, _ := r.Properties["FunctionName"].(string)
			mb, _ := r.Properties["MemorySize"].(float64)
			c.Memory[name] = mb / 1024
		}
	}
	return c, nil
}

// counters are the metrics without dimensions: failures of the audit log, limits reached, unexplained calls, three of clicks, seven of notes.
const counters = 1 + 1 + 1 + 3 + 7

// metrics is how many custom metrics there are: two or three outcomes of each control, each outcome, and the counters.
const metrics = 29*2.5 + 10 + counters
