package cost

import (
	"fmt"
	"math"
	"time"
)

// Line is one line of a bill.
type Line struct {
	What     string
	Sum      string  // how the quantity comes about, in words and figures
	Quantity float64 // in the price's unit
	Price    Price
}

// Dollars is what the line comes to.
func (l Line) Dollars() float64 { return l.Quantity * l.Price.Dollars }

const million = 1e6

// work is what a month brings, of all accounts together.
type work struct {
	Fleet
	Counts
	events, swept, findings, fixes, asks, places, runs, ticks, reports float64
}

func workOf(f Fleet, c Counts) work {
	n := float64(f.Accounts)
	return work{
		Fleet: f, Counts: c, events: n * float64(f.Events) * days, swept: n * float64(f.Resources) * sweeps, findings: n * float64(f.Findings) * days,
		fixes: n * float64(f.Fixes) * days, asks: n * float64(f.Asks) * days, places: n * float64(f.Regions) * sweeps, runs: n * hours, ticks: n * ticks, reports: n * days,
	}
}

// Sweep is how long a sweep of the fleet takes: to list what there is with so many functions at the same time, and to look at it with so many others.
func (f Fleet) Sweep(listers, evaluators float64) (list, evaluate time.Duration) {
	n := float64(f.Accounts)
	return time.Duration(n * float64(f.Regions) * secondsToList / listers * float64(time.Second)), time.Duration(n * float64(f.Resources) * secondsToEvaluate / evaluators * float64(time.Second))
}

// Bill returns the lines of a fleet's month.
func Bill(f Fleet, c Counts) []Line {
	w := workOf(f, c)
	return []Line{w.delivery(), w.queues(), w.compute(), w.people(), w.invocations(), w.tableWrites(), w.tableReads(), w.asking(), w.tableStorage(), w.sealWrites(), w.sealReads(),
		w.sealStorage(), w.reportStorage(), w.logs(), w.logStorage(), w.pieces("Custom metrics", metrics, fmt.Sprintf("2.5 outcomes of each of 29 controls, 10 outcomes, %d counters", counters), Metric),
		w.pieces("Alarms", float64(c.Alarms), "of the template", Alarm), w.pieces("Dashboards", float64(c.Dashboards), "of the template", Dashboard),
		w.pieces("Secrets", 2, "Slack's, to post with and to know clicks by", Secret), w.pieces("Keys", float64(c.Keys), "of the template", Key)}
}

func (w work) pieces(what string, n float64, sum string, p Price) Line {
	return Line{what, fmt.Sprintf("%g: %s", n, sum), n, p}
}

func (w work) delivery() Line {
	home := w.events * globalShare
	l := Line{What: "EventBridge", Sum: "events on an account's own bus are free; of global services " + short(home) + ", from the home Region", Quantity: home / million, Price: EventDelivery}
	if own := w.fixes * callsPerFix; w.Hub {
		l.Quantity, l.Sum = (w.events+own)/million, fmt.Sprintf("%s events to the hub's bus, %s of them of our own roles", short(w.events+own), short(own))
	}
	return l
}

func (w work) queues() Line {
	polls := float64(w.Queues) * pollsPerQueue
	events := w.events * 3
	swept := w.swept/resourcesPerSend + 2*w.swept/25/messagesPerBatch
	rest := (w.findings + w.fixes*(1+callsPerFix) + 3*w.asks) * 3 // of an ask: the pointer, where it is shown, and the word
	return Line{"SQS", fmt.Sprintf("polls of %d queues %s, events × 3 requests %s, sweeps %s, orders, messages, words and own calls × 3 %s", w.Queues, short(polls), short(events), short(swept), short(rest)),
		(polls + events + swept + rest) / million, SQSRequest}
}

func (w work) compute() Line {
	evaluate := (w.events + w.swept) * secondsToEvaluate * w.Memory["shoreup-evaluate"]
	apply := w.fixes * secondsToFix * w.Memory["shoreup-apply"]
	notify := w.findings * secondsToTell * w.Memory["shoreup-notify"]
	sweep := w.places * secondsToList * w.Memory["shoreup-sweep"]
	seal := w.runs * secondsToSeal * w.Memory["shoreup-seal"]
	return Line{"Lambda, time", fmt.Sprintf("GB-s: evaluate %s, apply %s, notify %s, sweep %s, seal %s", short(evaluate), short(apply), short(notify), short(sweep), short(seal)),
		(evaluate + apply + notify + sweep + seal) / million, LambdaCompute}
}

// people is the time of the functions that ask people, hear them, report, and compare what our own roles did.
func (w work) people() Line {
	decide := (w.ticks*secondsToTick + w.asks*secondsToHear) * w.Memory["shoreup-decide"]
	hear := w.asks * secondsToHear * w.Memory["shoreup-interact"] // the review page has as much memory
	report := w.reports * secondsToReport * w.Memory["shoreup-report"]
	compare := w.fixes * callsPerFix * secondsToCompare * w.Memory["shoreup-reconcile"]
	return Line{"Lambda, time for people", fmt.Sprintf("GB-s: decide %s, interact or review %s, report %s, reconcile %s", short(decide), short(hear), short(report), short(compare)),
		(decide + hear + report + compare) / million, LambdaCompute}
}

func (w work) invocations() Line {
	n := w.invoked()
	return Line{"Lambda, requests", fmt.Sprintf("%s, no two messages in one batch", short(n)), n / million, LambdaRequest}
}

func (w work) invoked() float64 {
	return w.events + w.swept/25 + w.fixes*(1+callsPerFix) + w.findings + 4*w.asks + w.places + hours + ticks + days
}

func (w work) tableWrites() Line {
	n := w.findings*writesPerFinding + w.fixes*writesPerFix + w.asks*writesPerAsk
	return Line{"DynamoDB, writes", fmt.Sprintf("findings %s × %g units, fixes %s × %g, asks %s × %g", short(w.findings), writesPerFinding, short(w.fixes), writesPerFix, short(w.asks), writesPerAsk),
		n / million, DynamoWrite}
}

func (w work) tableReads() Line {
	looks := (w.events + w.swept) * controlsPerType * readsPerControl
	seal := w.runs*(recordsRechecked+readsPerRun) + w.records()/months*readsPerSealed
	fixes := w.fixes * (readsPerFix + readsPerFixOfOwn)
	n := looks + fixes + seal
	return Line{"DynamoDB, reads", fmt.Sprintf("evaluations %s, fixes and what compares them %s, sealing: %s runs over a chain × %g, new records %s × %g", short(looks), short(fixes), short(w.runs),
		recordsRechecked+readsPerRun, short(w.records()/months), readsPerSealed), n / million, DynamoRead}
}

// asking is what the function that decides reads on its schedule, and the one that reports once a day: all that is open or was asked in each account.
func (w work) asking() Line {
	account := (openPerAccount + keptPerAccount) * kbPerOpen / kbPerRead
	looks := w.ticks * account
	report := w.reports * (account + w.records()/months/float64(w.Accounts)*kbPerRecord/kbPerRead)
	return Line{"DynamoDB, reads for people", fmt.Sprintf("%s looks at an account × %g units, reports %s", short(w.ticks), account, short(report)), (looks + report) / million, DynamoRead}
}

// records is how many audit records a year brings.
func (w work) records() float64 {
	return (w.findings*recordsPerFinding + w.fixes*recordsPerFix) * months
}

func (w work) tableStorage() Line {
	waiting := float64(w.Accounts) * (openPerAccount + keptPerAccount)
	gb := (w.records()*kbPerRecord + waiting*kbPerOpen) / million
	return Line{"DynamoDB, storage", fmt.Sprintf("%s records of a year × %g KB, %s open findings and requests × %g KB", short(w.records()), kbPerRecord, short(waiting), kbPerOpen), gb, DynamoStorage}
}

func (w work) sealWrites() Line {
	segments := w.records() / months // each record in a segment of its own, at worst
	lists := w.runs * listsPerRun
	folders := hours * math.Ceil(float64(w.Accounts)/keysPerList)
	reports := days * reportObjects
	return Line{"S3, writes and lists", fmt.Sprintf("segments %s, lists of %s runs over a chain × %g, of all chains %s, reports %s", short(segments), short(w.runs), listsPerRun, short(folders), short(reports)), (segments + lists + folders + reports) / million, S3Write}
}

func (w work) sealReads() Line {
	segments := w.runs * (objectsRechecked + 1)
	rules := min(w.invoked(), w.AtOnce*hours*3600/rulesSeconds)
	return Line{"S3, reads", fmt.Sprintf("%s runs over a chain × %g segments, the rules file %s", short(w.runs), objectsRechecked+1, short(rules)), (segments + rules) / million, S3Read}
}

func (w work) sealStorage() Line {
	gb := w.records() * kbPerRecord / million
	return Line{"S3, storage", fmt.Sprintf("the same records, sealed: %.2f GB", gb), gb, S3Storage}
}

func (w work) reportStorage() Line {
	gb := float64(w.Accounts) * openPerAccount * kbPerPlanReported * reportsKept / million
	return Line{"S3, reports", fmt.Sprintf("%g days of reports on %s open findings × %g KB", reportsKept, short(float64(w.Accounts)*openPerAccount), kbPerPlanReported), gb, S3Storage}
}

func (w work) logGB() float64 { return (w.events*logKBPerEvent + w.swept*logKBPerResource) / million }

func (w work) logs() Line {
	return Line{"Logs, ingestion", fmt.Sprintf("events %s × %g KB, swept resources %s × %g KB", short(w.events), logKBPerEvent, short(w.swept), logKBPerResource), w.logGB(), LogIngestion}
}

func (w work) logStorage() Line {
	const compressed = 0.2
	return Line{"Logs, storage", "a year of it, compressed to a fifth", w.logGB() * months * compressed, LogStorage}
}

// short writes a count in three figures.
func short(n float64) string {
	switch {
	case n >= million:
		return fmt.Sprintf("%.3g M", n/million)
	case n >= 1000:
		return fmt.Sprintf("%.3g k", n/1000)
	}
	return fmt.Sprintf("%.3g", n)
}
