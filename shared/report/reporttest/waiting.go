package reporttest

import "github.com/shoreup/shoreup/shared/report"

// Waiting is the sample as whoever has no tables sees it: so many questions, one that has expired, and nothing else.
func Waiting(questions int) report.Report {
	all := Input(400)
	in := report.Input{Now: all.Now, Only: "waiting", Controls: all.Controls, Rules: all.Rules}
	for _, a := range all.Approvals {
		ended := a.State != ""
		if a.PlanID == "" || ended && len(in.Open) != questions || !ended && len(in.Open) >= questions || questions == 0 {
			continue
		}
		o := all.Open[len(in.Open)] // with a plan whose bytes are known
		a.Occurrence, a.PlanID, a.Hash, a.Control, a.Resource, a.Account, a.Region = o.ID, o.PlanID, o.PlanHash, o.Control, o.Resource.ID, o.Resource.Account, o.Resource.Region
		a.Target = ""
		o.State, o.Decision = "waiting", "approve"
		in.Open, in.Approvals = append(in.Open, o), append(in.Approvals, a)
	}
	return report.Build(in)
}
