package accesskeyunused

import (
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// passwordAdvice: a password can only be deleted, and the same one cannot be given back.
func passwordAdvice(r awsapi.Resource, s State) core.Advice {
	return core.Advice{
		Title: "Take the console password from user " + r.ID,
		Steps: []string{
			"Ask the owner whether anybody signs in as this user (" + s.passwordFact() + ")",
			"If nobody does: aws iam delete-login-profile --user-name " + r.ID + " (access keys keep working; a new password can be made, the old one does not come back)",
		},
		Outage: "whoever still has the password can no longer sign in",
		Cost:   "none",
	}
}
