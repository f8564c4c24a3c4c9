package iamapi

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	wirecloudtrail "github.com/shoreup/shoreup/events/cloudtrail"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

const allows = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}`

func session(t *testing.T, script string) (awsapi.Session, map[string]string) {
	t.Helper()
	account := emulatortest.Account(t)
	s := awsapi.NewSession(emulatortest.ForTest(t).Config(account, "us-east-1"), account, "us-east-1")
	vars := map[string]string{"account": account}
	if err := setup.Run(t.Context(), s, script, vars); err != nil {
		t.Fatal(err)
	}
	return s, vars
}

func TestListAndResolve(t *testing.T) {
	t.Parallel()
	s, vars := session(t, `
iam:CreateUser {"UserName":"ann","Path":"/people/"} -> user=User.UserId
iam:CreateUser {"UserName":"NotAUniqueIdentifier"}
iam:CreateGroup {"GroupName":"builders"} -> group=Group.GroupId
iam:CreateRole {"RoleName":"deploy","Path":"/ci/","AssumeRolePolicyDocument":`+allows+`} -> role=Role.RoleId
iam:CreatePolicy {"PolicyName":"p","PolicyDocument":`+strings.Replace(allows, `,"Principal":{"Service":"ec2.amazonaws.com"}`, `,"Resource":"*"`, 1)+`} -> policy=Policy.Arn id=Policy.PolicyId`)
	for _, c := range []struct {
		kind   awsapi.ResourceType
		listed []string
		from   map[string]string
	}{
		{User, []string{"NotAUniqueIdentifier", "ann"}, map[string]string{
			vars["user"]: "ann", "ann": "ann", "arn:aws:iam::1:user/people/ann": "ann", "NotAUniqueIdentifier": "NotAUniqueIdentifier",
		}},
		{Group, []string{"builders"}, map[string]string{vars["group"]: "builders", "builders": "builders"}},
		{Role, []string{"deploy"}, map[string]string{vars["role"]: "deploy", "arn:aws:iam::1:role/ci/deploy": "deploy", "AROAAAAAAAAAAAAAAAAAA": "AROAAAAAAAAAAAAAAAAAA"}},
		{ManagedPolicy, []string{vars["policy"]}, map[string]string{vars["id"]: vars["policy"], vars["policy"]: vars["policy"]}},
	} {
		listed, err := c.kind.List(t.Context(), s)
		if err != nil || !cmp.Equal(c.listed, listed) {
			t.Errorf("listing %s: %v, %v; want %v", c.kind.Name, listed, err, c.listed)
		}
		for id, want := range c.from {
			if got, err := c.kind.Resolve(t.Context(), s, id); err != nil || got != want {
				t.Errorf("resolving %s %q: %q, %v; want %q", c.kind.Name, id, got, err, want)
			}
		}
	}
	if _, err := ManagedPolicy.Resolve(t.Context(), s, "ANPAQQQQQQQQQQQQQQQQQ"); !errors.Is(err, awsapi.ErrGone) {
		t.Errorf("resolving a policy that does not exist: %v, want ErrGone", err)
	}
}

func TestScopeCoversPaths(t *testing.T) {
	t.Parallel()
	r := awsapi.Resource{ID: "deploy", Account: "111122223333", Region: "cn-north-1", Partition: "aws-cn"}
	want := []string{"arn:aws-cn:iam::111122223333:role/deploy", "arn:aws-cn:iam::111122223333:role/*/deploy"}
	if diff := cmp.Diff(want, Role.WriteScope(r)); diff != "" {
		t.Error(diff)
	}
	if got := AccountPasswords.ARN(r); got != "arn:aws-cn:iam::111122223333:account" {
		t.Errorf("the account's ARN is %s: it must not be the root user's, which is protected", got)
	}
}

func TestEventPaths(t *testing.T) {
	t.Parallel()
	for _, kind := range []awsapi.ResourceType{ManagedPolicy, User, Role, Group, AccountPasswords} {
		for event, paths := range kind.Events {
			source, name, _ := strings.Cut(event, ":")
			table := wirecloudtrail.IDPaths{source: {name: {{ResourceType: kind.Name, Paths: paths, Normalize: kind.Normalize}}}}
			if err := table.Validate(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestDecoded(t *testing.T) {
	t.Parallel()
	const plain = `{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/%2F+*"}}`
	encoded := strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D", `"`, "%22", "+", "%2B").Replace(plain)
	for _, in := range []string{plain, encoded} {
		if got, err := decoded(in); err != nil || got != plain {
			t.Errorf("decoding %q: %q, %v", in, got, err)
		}
	}
	if _, err := decoded("%7Bnonsense"); err == nil {
		t.Error("what is no policy was accepted")
	}
}

func TestNewDefaultBindsTheVersionThatWasMade(t *testing.T) {
	t.Parallel()
	arn := "arn:aws:iam::111122223333:policy/p"
	before := DefaultVersion{ID: "v7", Text: "old"}
	for _, c := range []struct {
		spare *Version
		want  int // index of the change that makes the version
	}{{nil, 0}, {&Version{ID: "v3", Text: "older"}, 1}} {
		steps := NewDefault(arn, before, c.spare, "new")
		last := steps[len(steps)-1]
		bind := last.Undo[1].Bind
		if len(steps) != c.want+1 || len(bind) != 1 || bind[0] != (awsapi.Bind{Field: "VersionId", Call: c.want, From: "PolicyVersion.VersionId"}) {
			t.Errorf("with spare %v: %d steps, bind %+v; want the output of call %d", c.spare, len(steps), bind, c.want)
		}
		if err := DeleteVersion.Op.Check(last.Undo[1], arn); err != nil {
			t.Error(err)
		}
	}
}

func TestVersionOrder(t *testing.T) {
	t.Parallel()
	if a, b := number(iamtypes.PolicyVersion{VersionId: aws.String("v9")}), number(iamtypes.PolicyVersion{VersionId: aws.String("v12")}); a >= b {
		t.Errorf("v9 is %d and v12 is %d: the order is by number, not by letters", a, b)
	}
}

func TestPasswordPolicyCallSendsEveryField(t *testing.T) {
	t.Parallel()
	got := SetPasswordPolicy(&PasswordPolicy{MinimumLength: 14, HardExpiry: true, MaxAge: 30})
	const want = `{"AllowUsersToChangePassword":false,"HardExpiry":true,"MaxPasswordAge":30,"MinimumPasswordLength":14,` +
		`"RequireLowercaseCharacters":false,"RequireNumbers":false,"RequireSymbols":false,"RequireUppercaseCharacters":false}`
	if string(got.Input) != want {
		t.Errorf("got %s, want %s", got.Input, want)
	}
}

func TestPagesAreFollowed(t *testing.T) {
	t.Parallel()
	page := func(m *string) ([]string, *string, error) {
		if m == nil {
			return []string{"a"}, aws.String("next"), nil
		}
		return []string{"b"}, nil, nil
	}
	if got, err := all(page); err != nil || !cmp.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %v, %v", got, err)
	}
	var a authorizations
	a.documents = map[string]string{}
	a.add(&iam.GetAccountAuthorizationDetailsOutput{UserDetailList: []iamtypes.UserDetail{{UserName: aws.String("ann")}}})
	a.add(&iam.GetAccountAuthorizationDetailsOutput{RoleDetailList: []iamtypes.RoleDetail{{RoleName: aws.String("deploy")}}})
	if len(a.principals) != 2 {
		t.Errorf("%d principals of two pages, want 2", len(a.principals))
	}
}
