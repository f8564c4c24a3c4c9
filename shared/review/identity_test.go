package review

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/shared/awsapi"
)

type iamContext = events.LambdaFunctionURLRequestContextAuthorizerIAMDescription

const (
	ssoRole = "AWSReservedSSO_Approvers_0123456789abcdef"
	roleID  = "AROAEXAMPLEROLE000001"
)

// directory answers for the roles of the installation's account.
type directory struct {
	roles map[string][2]string // name -> ARN, id
	fails error
	asked int
}

func (d *directory) role(_ context.Context, name string) (string, string, error) {
	d.asked++
	if d.fails != nil {
		return "", "", d.fails
	}
	r, ok := d.roles[name]
	if !ok {
		return "", "", fmt.Errorf("%w: no role %s", awsapi.ErrGone, name)
	}
	return r[0], r[1], nil
}

func genuine() *directory {
	const fake = "AWSReservedSSO_Fake_0123456789abcdef"
	return &directory{roles: map[string][2]string{
		ssoRole:                                 {"arn:aws:iam::" + home + ":role/aws-reserved/sso.amazonaws.com/eu-west-1/" + ssoRole, roleID},
		fake:                                    {"arn:aws:iam::" + home + ":role/" + fake, "AROAFAKE"},
		"AWSReservedSSO_Path_0123456789abcdef":  {"arn:aws:iam::" + home + ":role/sso.amazonaws.com/AWSReservedSSO_Path_0123456789abcdef", "AROAPATH"},
		"AWSReservedSSO_Other_0123456789abcdef": {"arn:aws:iam::" + other + ":role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Other_0123456789abcdef", "AROAOTHER"},
		"AWSReservedSSO_Name_0123456789abcdef":  {"arn:aws:iam::" + home + ":role/aws-reserved/sso.amazonaws.com/" + ssoRole, "AROANAME"},
	}}
}

func session(account, role, id, name string) *iamContext {
	return &iamContext{AccessKey: "ASIAEXAMPLE", AccountID: account, CallerID: id + ":" + name, UserARN: "arn:aws:sts::" + account + ":assumed-role/" + role + "/" + name, UserID: id + ":" + name}
}

func user(account, name string) *iamContext {
	return &iamContext{AccessKey: "AKIAEXAMPLE", AccountID: account, CallerID: "AIDAEXAMPLE", UserARN: "arn:aws:iam::" + account + ":user/" + name, UserID: "AIDAEXAMPLE"}
}

func TestPeople(t *testing.T) {
	t.Parallel()
	d := genuine()
	i := &Identities{Account: home, Role: d.role}
	for want, c := range map[string]*iamContext{
		"arn:aws:iam::111122223333:user/ada":         user(home, "ada"),
		"arn:aws:iam::111122223333:user/ops/bob":     user(home, "ops/bob"),
		"arn:aws:iam::444455556666:user/eve":         user(other, "eve"), // another person than the home account's eve; the rules file knows which
		"sso:ada@example.com":                        session(home, ssoRole, roleID, "ada@example.com"),
		"sso:bob":                                    session(home, ssoRole, roleID, "bob"),
		"arn:aws-cn:iam::111122223333:user/in-china": {AccountID: home, UserARN: "arn:aws-cn:iam::" + home + ":user/in-china", UserID: "AIDA"},
	} {
		if got, err := i.Of(t.Context(), c); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", c.UserARN, got, err, want)
		}
	}
	if d.asked != 1 {
		t.Errorf("IAM was asked %d times about one role", d.asked)
	}
}

// strangers are callers whom AWS names without vouching for a person.
func strangers() map[string]*iamContext {
	with := func(c *iamContext, change func(*iamContext)) *iamContext { change(c); return c }
	return map[string]*iamContext{
		"nobody at all":                         nil,
		"an empty context":                      {},
		"no account":                            with(user(home, "ada"), func(c *iamContext) { c.AccountID = "" }),
		"another account than the ARN's":        with(user(home, "ada"), func(c *iamContext) { c.AccountID = other }),
		"no ARN":                                with(user(home, "ada"), func(c *iamContext) { c.UserARN = "" }),
		"something else for an ARN":             with(user(home, "ada"), func(c *iamContext) { c.UserARN = "ada" }),
		"root":                                  {AccountID: home, UserARN: "arn:aws:iam::" + home + ":root", UserID: home},
		"a role session":                        session(home, "Admin", "AROAADMIN", "ada@example.com"),
		"a function":                            session(home, "shoreup-evaluate", "AROAFN", "shoreup-evaluate"),
		"a federated user":                      {AccountID: home, UserARN: "arn:aws:sts::" + home + ":federated-user/ada", UserID: home + ":ada"},
		"an anonymous caller":                   {AccountID: "anonymous", UserARN: "anonymous", UserID: "anonymous"},
		"a service":                             {AccountID: home, UserARN: "lambda.amazonaws.com", UserID: "lambda"},
		"a role that calls itself one":          session(home, "AWSReservedSSO_Fake_0123456789abcdef", "AROAFAKE", "ada@example.com"),
		"a role under a path like it":           session(home, "AWSReservedSSO_Path_0123456789abcdef", "AROAPATH", "ada@example.com"),
		"a role of another account":             session(home, "AWSReservedSSO_Other_0123456789abcdef", "AROAOTHER", "ada@example.com"),
		"a role of another name":                session(home, "AWSReservedSSO_Name_0123456789abcdef", "AROANAME", "ada@example.com"),
		"a session of another account":          session(other, ssoRole, roleID, "ada@example.com"),
		"a session of a role made since":        session(home, ssoRole, "AROAANOTHER", "ada@example.com"),
		"a session without a role's id":         with(session(home, ssoRole, roleID, "ada"), func(c *iamContext) { c.UserID = "" }),
		"a session with a bare id":              with(session(home, ssoRole, roleID, "ada"), func(c *iamContext) { c.UserID = roleID }),
		"a session with an empty id":            with(session(home, ssoRole, roleID, "ada"), func(c *iamContext) { c.UserID = ":ada" }),
		"a role that is gone":                   session(home, "AWSReservedSSO_Gone_0123456789abcdef", "AROAGONE", "ada"),
		"a name in small letters":               session(home, strings.ToLower(ssoRole), roleID, "ada"),
		"a name without its digits":             session(home, "AWSReservedSSO_Approvers", roleID, "ada"),
		"a session without a name":              session(home, ssoRole, roleID, ""),
		"a session with a slash":                session(home, ssoRole, roleID, "x/ada@example.com"),
		"a name before the name":                session(home, "x-"+ssoRole, roleID, "ada"),
		"the path in the name":                  session(home, "aws-reserved/sso.amazonaws.com/"+ssoRole, roleID, "ada"),
		"an ARN with something before":          with(session(home, ssoRole, roleID, "ada"), func(c *iamContext) { c.UserARN = " " + c.UserARN }),
		"an ARN of IAM for a session of a role": {AccountID: home, UserARN: "arn:aws:iam::" + home + ":role/aws-reserved/sso.amazonaws.com/" + ssoRole, UserID: roleID + ":ada"},
	}
}

func TestStrangers(t *testing.T) {
	t.Parallel()
	for name, c := range strangers() {
		d := genuine()
		i := &Identities{Account: home, Role: d.role}
		who, err := i.Of(t.Context(), c)
		var no *Stranger
		if who != "" || !errors.As(err, &no) || no.Why == "" {
			t.Errorf("%s is %q, %v", name, who, err)
		}
	}
}

// What was proved of a role is not believed of another one of its name.
func TestAProofIsOfOneRole(t *testing.T) {
	t.Parallel()
	d := genuine()
	i := &Identities{Account: home, Role: d.role}
	if _, err := i.Of(t.Context(), session(home, ssoRole, roleID, "ada")); err != nil {
		t.Fatal(err)
	}
	d.roles[ssoRole] = [2]string{"arn:aws:iam::" + home + ":role/" + ssoRole, "AROANEW"}
	if who, err := i.Of(t.Context(), session(home, ssoRole, "AROANEW", "ada")); err == nil {
		t.Errorf("the session of a new role of the same name is %s", who)
	}
}

func TestWhatCouldNotBeFoundOutIsNoStranger(t *testing.T) {
	t.Parallel()
	i := &Identities{Account: home, Role: (&directory{fails: errors.New("throttled")}).role}
	who, err := i.Of(t.Context(), session(home, ssoRole, roleID, "ada"))
	var no *Stranger
	if who != "" || err == nil || errors.As(err, &no) {
		t.Errorf("%q, %v", who, err)
	}
}

// FuzzIdentity: whatever AWS might say, nobody becomes a person of Identity Center but by the one proved role, and nobody becomes a user of another ARN.
func FuzzIdentity(f *testing.F) {
	for _, c := range strangers() {
		if c != nil {
			f.Add(c.AccountID, c.UserARN, c.UserID)
		}
	}
	f.Add(home, "arn:aws:sts::"+home+":assumed-role/"+ssoRole+"/ada", roleID+":ada")
	f.Add(home, "arn:aws:iam::"+home+":user/ada", "AIDA")
	f.Fuzz(func(t *testing.T, account, arn, id string) {
		i := &Identities{Account: home, Role: genuine().role}
		who, err := i.Of(t.Context(), &iamContext{AccountID: account, UserARN: arn, UserID: id})
		switch name, sso := strings.CutPrefix(who, "sso:"); {
		case err != nil && who != "":
			t.Errorf("%q and %v", who, err)
		case err != nil:
		case sso:
			if arn != "arn:aws:sts::"+home+":assumed-role/"+ssoRole+"/"+name && !strings.HasPrefix(arn, "arn:aws-") || !strings.HasPrefix(id, roleID+":") {
				t.Errorf("%q with id %q is %q", arn, id, who)
			}
		case who != arn || !strings.Contains(arn, ":user/") || !strings.Contains(arn, ":"+account+":"):
			t.Errorf("%q of %q is %q", arn, account, who)
		}
	})
}
