package cost_test

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/infra/cost"
)

// TestDocument keeps COST.md to what is computed. Where it fails after a change of the template or of an assumption, put the wanted text there.
func TestDocument(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../COST.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := cost.Sections()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		_, rest, ok := strings.Cut(string(raw), "<!-- "+name+" -->\n")
		got, _, ended := strings.Cut(rest, "<!-- end -->")
		if !ok || !ended {
			t.Errorf("COST.md has no part %q; it must read\n%s", name, text)
			continue
		}
		if diff := cmp.Diff(text, got); diff != "" {
			t.Errorf("part %q of COST.md (-want +got):\n%s\nit must read\n%s", name, diff, text)
		}
	}
}

// TestSumsAddUp reads the page as somebody with a pocket calculator would: in each table of the arithmetic quantity times price is what the line comes to, and
// the lines come to what the first table says.
func TestSumsAddUp(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../COST.md")
	if err != nil {
		t.Fatal(err)
	}
	number := func(s string) float64 {
		n, err := strconv.ParseFloat(strings.Trim(strings.ReplaceAll(s, ",", ""), " *"), 64)
		if err != nil {
			t.Errorf("%q is no number", s)
		}
		return n
	}
	part := func(name string) []string {
		_, rest, _ := strings.Cut(string(raw), "<!-- "+name+" -->\n")
		text, _, _ := strings.Cut(rest, "<!-- end -->")
		return strings.Split(strings.TrimSpace(text), "\n")[2:] // without the head
	}
	months := map[string][]string{}
	for _, row := range part("months") {
		cells := strings.Split(strings.Trim(row, "| "), "|")
		months[strings.TrimSpace(cells[0])] = cells[1:]
	}
	for i, f := range cost.Fleets {
		sum := 0.0
		for _, row := range part(fmt.Sprintf("arithmetic %d", f.Accounts)) {
			cells := strings.Split(strings.Trim(row, "| "), "|")
			quantity, price, _ := strings.Cut(cells[2], "×")
			what, usd := strings.TrimSpace(cells[0]), number(cells[3])
			if got := number(quantity) * number(price); math.Abs(got-usd) > 0.005+usd/2000 { // quantities have four figures
				t.Errorf("%d accounts: %s: %s is %.3f, and not %.2f", f.Accounts, what, strings.TrimSpace(cells[2]), got, usd)
			}
			if of := months[what]; len(of) <= i || number(of[i]) != usd {
				t.Errorf("%d accounts: %s is $%.2f here, and in the first table %v", f.Accounts, what, usd, of)
			}
			sum += usd
		}
		if total := number(months["**in all**"][i]); math.Abs(total-sum) > 0.15 { // 20 lines, each rounded
			t.Errorf("%d accounts: the lines come to %.2f, and the page says %.2f", f.Accounts, sum, total)
		}
		if each := number(months["for each account"][i]); math.Abs(each-number(months["**in all**"][i])/float64(f.Accounts)) > 0.006 {
			t.Errorf("%d accounts: $%.2f for each", f.Accounts, each)
		}
	}
}

// TestByHand works one month out by hand: 1,000 accounts, in round figures.
func TestByHand(t *testing.T) {
	t.Parallel()
	counts := cost.Counts{Alarms: 10, Dashboards: 1, Queues: 2, Keys: 1, AtOnce: 40, Memory: map[string]float64{
		"shoreup-evaluate": 0.5, "shoreup-apply": 0.5, "shoreup-notify": 0.25, "shoreup-sweep": 0.25, "shoreup-seal": 0.5,
		"shoreup-decide": 0.5, "shoreup-interact": 0.5, "shoreup-report": 1, "shoreup-reconcile": 0.25,
	}}
	fleet := cost.Fleet{Accounts: 1000, Regions: 4, Resources: 500, Events: 200, Findings: 4, Fixes: 2, Asks: 1, Hub: true}
	want := map[string]float64{
		"EventBridge":                6.12,                                                                // 200 × 30 × 1,000 = 6 M events, and 120,000 of our own roles, at $1
		"SQS":                        0.4 * (1.296 + 18 + 60.0/250 + 2*60.0/250 + 3*(0.12+3*0.06+3*0.03)), // 2 queues × 648,000 polls; 6 M × 3; 60 M swept; messages × 3
		"Lambda, time":               13.3334 * (66*0.15*0.5 + 0.03 + 0.015 + 0.48*5*0.25 + 0.72*0.5*0.5), // M GB-s: 66 M evaluations, 60,000 fixes, 120,000 findings, 480,000 places, 720,000 chain runs
		"Lambda, time for people":    13.3334 * (0.0333 + 0.0045 + 0.006 + 0.009),                         // M GB-s: 2.88 M looks × 0.02 s and 30,000 answers × 0.3 s at half a GB; ...
		"Lambda, requests":           0.2 * (6 + 60.0/25 + 3*0.06 + 0.12 + 4*0.03 + 0.48 + 0.00072 + 0.00288 + 0.00003),
		"DynamoDB, writes":           0.625 * (0.12*30 + 0.06*80 + 0.03*30),
		"DynamoDB, reads":            0.125 * (66*1.6 + 0.06*60 + 0.72*104 + 0.3*2), // sealing: 100 records again, two heads, a query and a look at the list; 300,000 new records, each read twice
		"DynamoDB, reads for people": 0.125 * (2.88*110 + 0.03*(110+300)),           // 20 open and 90 kept, each of 4 KB; a report reads a month's 300 records besides
		"Alarms":                     1.00,
		"Logs, ingestion":            0.5 * (6 + 60*0.15),     // GB
		"S3, reads":                  0.4 * (0.72*21 + 3.456), // 40 running functions, each of which reads the rules file 86,400 times
		"S3, writes and lists":       5 * (0.3 + 0.72*3 + 0.00072 + 0.00012),
		"S3, storage":                0.023 * 14.4,
		"DynamoDB, storage":          0.45 * (14.4 + 0.44), // GB: 3.6 M records, 20,000 findings and 90,000 requests, each of 4 KB
		"Logs, storage":              0.03 * 36,            // GB: twelve months of 15, a fifth of it
		"Custom metrics":             28.65,
		"S3, reports":                0.023 * 48, // GB: 20,000 findings × 6 KB × 400 days
		"Dashboards":                 3.00, "Keys": 1.00, "Secrets": 0.80,
	}
	for _, l := range cost.Bill(fleet, counts) {
		if w, ok := want[l.What]; !ok || math.Abs(l.Dollars()-w) > 0.005 {
			t.Errorf("%s is $%.3f (%s), want $%.3f", l.What, l.Dollars(), l.Sum, w)
		}
		delete(want, l.What)
	}
	if len(want) > 0 {
		t.Errorf("these are missing: %v", want)
	}
}

func TestCountsAreOfTheTemplate(t *testing.T) {
	t.Parallel()
	c, err := cost.Counted()
	if err != nil {
		t.Fatal(err)
	}
	if c.Alarms == 0 || c.Dashboards == 0 || c.Queues == 0 || c.AtOnce < 2*float64(c.Queues) {
		t.Errorf("counted %+v", c)
	}
	for _, name := range []string{"shoreup-evaluate", "shoreup-apply", "shoreup-notify", "shoreup-sweep", "shoreup-seal", "shoreup-decide", "shoreup-interact", "shoreup-review", "shoreup-report",
		"shoreup-reconcile"} {
		if c.Memory[name] == 0 {
			t.Errorf("the template says nothing of the memory of %s: its time would cost nothing", name)
		}
	}
}

func TestNothingIsFreeByMistake(t *testing.T) {
	t.Parallel()
	c, err := cost.Counted()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range cost.Fleets {
		for _, l := range cost.Bill(f, c) {
			if d := l.Dollars(); math.IsNaN(d) || d < 0 || d == 0 && (l.What != "EventBridge" || f.Hub) {
				t.Errorf("%d accounts: %s costs %v", f.Accounts, l.What, d)
			}
		}
	}
	for _, p := range cost.Prices() {
		if p.Dollars <= 0 || p.Unit == "" || p.Seen == "" {
			t.Errorf("price %+v", p)
		}
	}
}
