package annotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	wiresecurityhub "github.com/shoreup/shoreup/events/securityhub"
	"github.com/shoreup/shoreup/shared/awsapi/securityhubapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// words are the notes, with PLAN, RECORD and REASON filled in. Working marks outcomes after which something is still under way, here or with people, so that
// the finding is NOTIFIED. A fix is not among them: the control may have resolved the finding by then, and NOTIFIED would open it again. An exception is
// none either: whether to suppress the finding is for people.
var words = map[core.Outcome]struct {
	text    string
	working bool
}{
	core.AwaitingApproval:  {"waiting for approval, plan PLAN", true},
	core.Planned:           {"will be fixed without being asked, plan PLAN", true},
	core.Regressed:         {"wrong again after a fix, plan PLAN", true},
	core.Unverified:        {"changed and not verified, record RECORD: REASON", true},
	core.Failed:            {"the fix failed, record RECORD: REASON", true},
	core.Fixed:             {"fixed and verified, record RECORD; the control will resolve it at its next check", false},
	core.Undone:            {"the fix was taken back, record RECORD", false},
	core.Reported:          {"reported, nothing is changed: REASON", false},
	core.Excepted:          {"not fixed: REASON", false},
	core.Refused:           {"not fixed: REASON", false},
	core.Rejected:          {"not fixed, plan PLAN: REASON", false},
	core.Expired:           {"not fixed, the approval of plan PLAN ran out", false},
	core.Stale:             {"not fixed, plan PLAN: REASON", false},
	core.Blind:             {"could not be judged: REASON", false},
	core.Errored:           {"could not be judged: REASON", false},
	core.Compliant:         {"found in order; the control will resolve it at its next check", false},
	core.NotApplicableHere: {"does not apply: REASON", false},
}

// noteOf returns what is written on the findings behind a finding, and whether there is anything to write.
func noteOf(f core.Finding) (securityhubapi.Note, bool) {
	w, ok := words[f.Outcome]
	if !ok {
		return securityhubapi.Note{}, false
	}
	fill := strings.NewReplacer("PLAN", core.ShortHash(f.Hash), "RECORD", fmt.Sprint(f.Record.Seq), "REASON", show.Visible(f.Reason))
	return securityhubapi.Note{Text: "shoreup: " + fill.Replace(w.text), Author: wiresecurityhub.NoteAuthor, Notified: w.working}, true
}

// note writes on the findings of Security Hub that led to f.
func (a *Annotator) note(ctx context.Context, f core.Finding) error {
	note, ok := noteOf(f)
	if !ok {
		return nil
	}
	byRegion := map[string][]securityhubapi.ID{}
	var regions []string
	for _, id := range a.About(f).SecurityHub {
		region := regionOf(id, f.Region)
		if byRegion[region] == nil {
			regions = append(regions, region)
		}
		if !slices.Contains(byRegion[region], id) { // one that is named twice is refused
			byRegion[region] = append(byRegion[region], id)
		}
	}
	var failed []error
	for _, region := range regions {
		for ids := range slices.Chunk(byRegion[region], securityhubapi.MaxFindings) {
			failed = append(failed, a.write(ctx, place{f.Account, region}, ids, note))
		}
	}
	return errors.Join(failed...)
}

// passing are the codes of findings that another try may update.
var passing = map[string]bool{"ConcurrentUpdateError": true, "InternalFailure": true}

// write makes one update, and again for findings that somebody else was updating at that moment.
func (a *Annotator) write(ctx context.Context, p place, ids []securityhubapi.ID, note securityhubapi.Note) error {
	s, err := a.session(ctx, p, len(ids))
	if err != nil {
		return err
	}
	total := len(ids)
	var refused, left []securityhubapi.Unprocessed
	for try := 1; len(ids) > 0; try++ {
		err := a.again(ctx, func() (err error) {
			left, err = securityhubapi.Annotate(ctx, s, ids, note)
			return err
		})
		switch {
		case securityhubapi.IsAbsent(err):
			a.Count(NoHub, len(ids))
			return nil
		case err != nil:
			a.Count(Failures, len(ids))
			return err
		}
		ids = nil
		for _, u := range left {
			if passing[u.Code] && try < tries {
				ids = append(ids, u.ID)
			} else {
				refused = append(refused, u)
			}
		}
		if len(ids) > 0 {
			if err := a.Sleep(ctx, firstWait); err != nil {
				return err
			}
		}
	}
	a.Count(Noted, total-len(refused))
	if len(refused) == 0 {
		return nil
	}
	a.Count(NotNoted, len(refused))
	return fmt.Errorf("updating Security Hub findings in %s/%s: %d of %d were not, the first %s: %s", p.account, p.region, len(refused), total, refused[0].ID.ID, refused[0].Code)
}
