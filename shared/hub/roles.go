package hub

import "github.com/shoreup/shoreup/shared/core"

// The names of shoreup's roles in every account it looks after. They are exact: events are told to be our own by a role's full ARN.
const (
	RolePath    = "shoreup/"
	ReadRole    = RolePath + "shoreup-read"
	WriteRole   = RolePath + "shoreup-remediate-" // + family
	RestoreRole = RolePath + "shoreup-restore"
)

// RoleFor returns the role that makes a control's writes, or with undo the one that takes them back.
func RoleFor(write string, m core.Meta, undo bool) string {
	if undo {
		return RestoreRole
	}
	return write + m.Family
}

// OwnRoles returns the full ARNs of our roles in an account.
func OwnRoles(partition, account string, families []string) []string {
	arn := func(role string) string { return "arn:" + partition + ":iam::" + account + ":role/" + role }
	out := []string{arn(ReadRole), arn(RestoreRole)}
	for _, f := range families {
		out = append(out, arn(WriteRole+f))
	}
	return out
}

// Families returns the families of the controls, each once, in order of appearance.
func Families(controls []core.Control) []string {
	var out []string
	seen := map[string]bool{}
	for _, c := range controls {
		if !seen[c.Family] {
			seen[c.Family] = true
			out = append(out, c.Family)
		}
	}
	return out
}
