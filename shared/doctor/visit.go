package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/awsapi/lambdaapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/awsapi/stsapi"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// visit is one run: its configuration, and what several checks want to know and is asked for once.
type visit struct {
	Config
	store *dynamodbapi.Store

	mu       sync.Mutex
	function map[string]functionFacts
	file     func(context.Context) fileFacts
	chains   func(context.Context) chainFacts
	sessions map[string]sessionFacts
	roles    map[string]roleFacts // by account and name
	listed   map[busAt]listed     // for check event-rules alone
}

type functionFacts struct {
	lambdaapi.Function
	err error
}

type fileFacts struct {
	file           *rules.File
	where, version string
	err            error // it could not be read
	wrong          error // it was read and cannot be used
}

type sessionFacts struct {
	session awsapi.Session
	err     error
}

func newVisit(c Config) *visit {
	v := &visit{Config: c, function: map[string]functionFacts{}, sessions: map[string]sessionFacts{}, roles: map[string]roleFacts{}, listed: map[busAt]listed{}}
	v.store = dynamodbapi.NewStore(c.Own)
	v.file, v.chains = once(v.readFile), once(v.readChains)
	return v
}

// deployed returns a function as it is deployed.
func (v *visit) deployed(ctx context.Context, name string) (lambdaapi.Function, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f, ok := v.function[name]
	if !ok {
		f.Function, f.err = lambdaapi.ReadFunction(ctx, v.Own, name)
		v.function[name] = f
	}
	return f.Function, f.err
}

// setting returns an environment variable as the functions have it; where they cannot be read, as the template gives it.
func (v *visit) setting(ctx context.Context, key string) string {
	fallback := ""
	for _, want := range v.Want.Functions {
		planned, ok := want.Environment[key]
		if !ok {
			continue
		}
		if fallback == "" {
			fallback = planned
		}
		if f, err := v.deployed(ctx, want.Name); err == nil {
			if have, ok := f.Environment[key]; ok {
				return have
			}
		}
	}
	return fallback
}

func (v *visit) readFile(ctx context.Context) fileFacts {
	f := fileFacts{where: v.Rules}
	if f.where == "" {
		f.where = v.setting(ctx, "SHOREUP_RULES")
	}
	var data []byte
	if rest, isS3 := strings.CutPrefix(f.where, "s3://"); isS3 {
		bucket, key, _ := strings.Cut(rest, "/")
		data, f.version, f.err = s3api.GetObject(ctx, v.Own, bucket, key)
	} else {
		data, f.err = os.ReadFile(f.where)
	}
	if f.err != nil {
		return f
	}
	file, err := rules.Load(data)
	if err == nil {
		err = file.Check(v.Known)
	}
	if err != nil {
		f.wrong = err
		return f
	}
	f.file = file
	return f
}

// errNoWay says that there are no credentials for another account.
var errNoWay = errors.New("no role to look into other accounts with is named: give --member-role")

// session returns a session in an account: the caller's own, or of the role that looks into others.
func (v *visit) session(ctx context.Context, account string) (awsapi.Session, error) {
	if account == v.Account {
		return v.Own, nil
	}
	if v.MemberRole == "" {
		return awsapi.Session{}, errNoWay
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	s, ok := v.sessions[account]
	if !ok {
		s.session, _, s.err = stsapi.Session(ctx, v.AWS, stsapi.Assume{RoleARN: v.roleARN(account, v.MemberRole), Name: "doctor", Account: account, Region: v.Region})
		v.sessions[account] = s
	}
	return s.session, s.err
}

func (v *visit) roleARN(account, role string) string {
	return "arn:" + awsapi.PartitionOf(v.Region) + ":iam::" + account + ":role/" + strings.TrimPrefix(role, "/")
}

// place is an account with the Regions that are looked after in it.
type place struct {
	account string
	regions []string
}

// places returns all accounts and Regions that the installation looks after.
func (v *visit) places(ctx context.Context) []place {
	facts := v.file(ctx)
	usual := []string{v.Region, v.HomeRegion}
	if s := v.setting(ctx, "SHOREUP_REGIONS"); s != "" && !strings.Contains(s, "${") {
		usual = strings.Split(s, ",")
	}
	var out []place
	if facts.file != nil {
		for _, a := range facts.file.Accounts {
			regions := a.Regions
			if len(regions) == 0 {
				regions = usual
			}
			out = append(out, place{a.ID, v.only(append(slices.Clone(regions), v.HomeRegion))})
		}
	}
	if len(out) == 0 && v.Member == nil { // an installation for one account looks after its own
		out = []place{{v.Account, v.only(append(slices.Clone(usual), v.HomeRegion))}}
	}
	return slices.DeleteFunc(out, func(p place) bool { return len(v.Accounts) > 0 && !slices.Contains(v.Accounts, p.account) })
}

// nowhere is what checks of accounts find where none is named.
func (v *visit) nowhere() []Finding {
	return []Finding{v.here(NotChecked, "", "the rules file names no account that is looked after", "name the accounts in the rules file; without a list, sweeps look at none but this one")}
}

// only narrows Regions to those that were asked for, each once, sorted.
func (v *visit) only(regions []string) []string {
	if len(v.Regions) > 0 {
		regions = slices.Clone(v.Regions)
	}
	slices.Sort(regions)
	return slices.DeleteFunc(slices.Compact(regions), func(r string) bool { return r == "" })
}

func (v *visit) table(suffix string) string { return dynamodbapi.Table{Suffix: suffix}.Name(v.Tables) }

func (v *visit) book() *occurrence.Book {
	return occurrence.New(v.store, v.table(occurrence.StateTable), v.Now)
}

// here makes a finding about a thing in the installation's own account and Region.
func (v *visit) here(s Status, subject, seen, do string) Finding {
	return Finding{s, v.Account, v.Region, subject, seen, do}
}

// aws is how a command of the AWS command line for the installation begins.
func (v *visit) aws() string { return "aws --region " + v.Region + " " }

// failed says that something could not be looked at, and what is needed for it.
func failed(f Finding, err error, actions ...string) Finding {
	f.Status = NotChecked
	switch {
	case errors.Is(err, errNoWay):
		f.Seen, f.Do = "nobody looked into this account", "name a role that may read there with --member-role"
	case awsapi.IsAccessDenied(err):
		f.Seen, f.Do = "needs "+strings.Join(actions, ", "), "allow that to whoever runs this, and look again"
	default:
		f.Seen, f.Do = "could not be looked at: "+err.Error(), "look again; if that does not help, the message says what AWS objects to"
	}
	return f
}

// summed leaves the findings that say something and puts what is in order into one line.
func summed(all []Finding, account, region, seen string) []Finding {
	rest := slices.DeleteFunc(slices.Clone(all), func(f Finding) bool { return f.Status == OK })
	if good := len(all) - len(rest); good > 0 {
		rest = append([]Finding{{Status: OK, Account: account, Region: region, Seen: seen}}, rest...)
	}
	return rest
}

func count(all []Finding, s Status) (n int) {
	for _, f := range all {
		if f.Status == s {
			n++
		}
	}
	return n
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
