package cost

import (
	"fmt"
	"strings"
)

// The parts of COST.md that are computed stand between lines "<!-- NAME -->" and "<!-- end -->".

// Sections returns the computed parts of COST.md by name.
func Sections() (map[string]string, error) {
	c, err := Counted()
	if err != nil {
		return nil, err
	}
	out := map[string]string{"assumptions": assumptions(), "months": monthly(c), "prices": prices()}
	for _, f := range Fleets {
		out[fmt.Sprintf("arithmetic %d", f.Accounts)] = arithmetic(f, c)
	}
	return out, nil
}

func assumptions() string {
	var b strings.Builder
	b.WriteString("| of each account | figure |\n|---|---|\n")
	f := Fleets[len(Fleets)-1]
	for _, row := range []struct {
		what string
		n    string
	}{
		{"Regions looked after (the single account: " + fmt.Sprint(Fleets[0].Regions) + ")", fmt.Sprint(f.Regions)},
		{"resources of the types that controls judge, in all Regions", fmt.Sprint(f.Resources)},
		{"calls a day that a rule matches", fmt.Sprint(f.Events)},
		{"of these calls, those of global services", fmt.Sprintf("%g", globalShare)},
		{"new findings a day, each recorded and told", fmt.Sprint(f.Findings)},
		{"fixes a day", fmt.Sprint(f.Fixes)},
		{"asks a day, each answered by a person", fmt.Sprint(f.Asks)},
		{"sweeps a day", fmt.Sprint(sweeps / days)},
		{"billed time to evaluate one resource", fmt.Sprintf("%g s", secondsToEvaluate)},
		{"billed time for one fix", fmt.Sprintf("%g s", secondsToFix)},
		{"billed time to tell one finding", fmt.Sprintf("%g s", secondsToTell)},
		{"billed time to list one account and Region", fmt.Sprintf("%g s", secondsToList)},
		{"billed time to seal one chain, each hour", fmt.Sprintf("%g s", secondsToSeal)},
		{"billed time to look after what one account was asked, every quarter of an hour", fmt.Sprintf("%g s", secondsToTick)},
		{"billed time for one answer; to report on one account; to compare a batch of own calls", fmt.Sprintf("%g s; %g s; %g s", secondsToHear, secondsToReport, secondsToCompare)},
		{"events about our own roles for one fix", fmt.Sprintf("%g", callsPerFix)},
		{"open at a time; requests kept; size of each", fmt.Sprintf("%g; %g; %g KB", openPerAccount, keptPerAccount, kbPerOpen)},
		{"controls that judge one resource, each with one read of our tables", fmt.Sprintf("%g", controlsPerType)},
		{"write units of a finding; of a fix; of an ask", fmt.Sprintf("%g; %g; %g", writesPerFinding, writesPerFix, writesPerAsk)},
		{"read units to seal one chain, each hour, besides the records that are read again; times that a new record is read", fmt.Sprintf("%g; %g", readsPerRun, readsPerSealed)},
		{"sealed segments and records of a chain that are read again each hour; S3 lists for that", fmt.Sprintf("%g and %g; %g", objectsRechecked, recordsRechecked, listsPerRun)},
		{"for how long a running function keeps the rules file", fmt.Sprintf("%g s", rulesSeconds)},
		{"read units to compare one fix with its intent", fmt.Sprintf("%g", readsPerFixOfOwn)},
		{"audit records of a finding; of a fix; size", fmt.Sprintf("%g; %g; %g KB", recordsPerFinding, recordsPerFix, kbPerRecord)},
		{"log lines of an event; of a swept resource", fmt.Sprintf("%g KB; %g KB", logKBPerEvent, logKBPerResource)},
		{"of a report, for each open finding; kept for", fmt.Sprintf("%g KB; %g days", kbPerPlanReported, reportsKept)},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", row.what, row.n)
	}
	return b.String()
}

func monthly(c Counts) string {
	var b strings.Builder
	b.WriteString("| US dollars a month |")
	bills := make([][]Line, len(Fleets))
	totals := make([]float64, len(Fleets))
	for i, f := range Fleets {
		plural := "s"
		if f.Accounts == 1 {
			plural = ""
		}
		fmt.Fprintf(&b, " %s account%s |", thousands(f.Accounts), plural)
		bills[i] = Bill(f, c)
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(Fleets)) + "\n")
	for row := range bills[0] {
		fmt.Fprintf(&b, "| %s |", bills[0][row].What)
		for i := range Fleets {
			fmt.Fprintf(&b, " %.2f |", bills[i][row].Dollars())
			totals[i] += bills[i][row].Dollars()
		}
		b.WriteString("\n")
	}
	b.WriteString("| **in all** |")
	for _, t := range totals {
		fmt.Fprintf(&b, " **%.2f** |", t)
	}
	b.WriteString("\n| for each account |")
	for i, f := range Fleets {
		fmt.Fprintf(&b, " %.2f |", totals[i]/float64(f.Accounts))
	}
	return b.String() + "\n"
}

func arithmetic(f Fleet, c Counts) string {
	var b strings.Builder
	b.WriteString("| line | how much | × price | = USD |\n|---|---|---|---:|\n")
	for _, l := range Bill(f, c) {
		fmt.Fprintf(&b, "| %s | %s | %.4g × %g | %.2f |\n", l.What, l.Sum, l.Quantity, l.Price.Dollars, l.Dollars())
	}
	return b.String()
}

func prices() string {
	var b strings.Builder
	b.WriteString("| what | USD | per | seen |\n|---|---:|---|---|\n")
	for _, p := range Prices() {
		fmt.Fprintf(&b, "| %s | %g | %s | %s |\n", p.What, p.Dollars, p.Unit, p.Seen)
	}
	return b.String()
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}
