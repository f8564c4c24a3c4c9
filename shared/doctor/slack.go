package doctor

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/secretsapi"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

// mayPost is the scope that a bot token needs. Source: docs.slack.dev, chat.postMessage.
const mayPost = "chat:write"

// slackToken reads the credential as the function that tells people does, and asks Slack whose it is. Neither is ever shown.
func slackToken(ctx context.Context, v *visit) []Finding {
	name := v.setting(ctx, "SHOREUP_SLACK_SECRET")
	if name == "" {
		return []Finding{v.here(NotChecked, "", "no function has a secret for Slack", "")}
	}
	secret, err := secretsapi.Get(ctx, v.Own, name)
	switch {
	case awsapi.IsNotFound(err):
		return []Finding{v.here(Problem, name, "there is no such secret, or nothing is in it: nobody is told", "put Slack's bot token or incoming webhook into it: "+v.aws()+"secretsmanager create-secret --name "+name+" --secret-string file://...")}
	case err != nil:
		return []Finding{failed(v.here(OK, name, "", ""), err, "secretsmanager:GetSecretValue", "kms:Decrypt where the secret has a key of yours")}
	}
	s, err := slackapp.ParseSecret(secret)
	switch {
	case err != nil: // the error says what is wrong, and shows nothing of it
		return []Finding{v.here(Problem, name, "it cannot be read as a credential for Slack, so nobody is told: "+err.Error(), "put {\"bot_token\": \"xoxb-...\"} into it")}
	case v.Offline:
		return []Finding{v.here(NotChecked, name, "it can be read; Slack was not asked (--offline)", "")}
	case s.Webhook != "":
		return []Finding{v.here(NotChecked, name, "it holds an incoming webhook, which cannot be tried without posting", "see that messages arrive; a bot token can be checked, and has a channel for each rule")}
	}
	return []Finding{v.askSlack(ctx, name, s.BotToken), v.slackSigning(ctx)}
}

// slackSigning looks whether there is a secret to know clicks by. It does not read it: whoever can may click in anybody's name.
func (v *visit) slackSigning(ctx context.Context) Finding {
	name := v.setting(ctx, "SHOREUP_SLACK_SIGNING")
	if name == "" {
		return v.here(OK, "", "without the parameter SlackSigning messages have no buttons, and people answer on the review page or the command line", "")
	}
	there, err := secretsapi.Exists(ctx, v.Own, name)
	switch {
	case err != nil:
		return failed(v.here(OK, name, "", ""), err, "secretsmanager:DescribeSecret")
	case !there:
		return v.here(Problem, name, "there is no such secret, or nothing is in it: no button in Slack works", "put {\"signing_secret\": \"...\"} into it: "+v.aws()+"secretsmanager create-secret --name "+name+" --secret-string file://...")
	}
	return v.here(OK, name, "the secret that clicks are known by is there, and was not read: press a button to try it", "")
}

func (v *visit) askSlack(ctx context.Context, name, token string) Finding {
	options := []slack.Option{slack.OptionHTTPClient(&http.Client{Timeout: 10 * time.Second})}
	if v.SlackURL != "" {
		options = append(options, slack.OptionAPIURL(v.SlackURL))
	}
	who, err := slack.New(token, options...).AuthTestContext(ctx)
	var refused slack.SlackErrorResponse
	switch {
	case errors.As(err, &refused):
		return v.here(Problem, name, "Slack refuses the token: "+refused.Err, "install the app in the workspace again and put its new bot token into the secret")
	case err != nil: // an error of the transport may quote the request, and a request holds the token
		return v.here(NotChecked, name, "Slack could not be asked", "look again; where Slack cannot be reached from here, leave it out with --offline")
	}
	scopes := strings.FieldsFunc(who.Header.Get("X-OAuth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' })
	if len(scopes) > 0 && !slices.Contains(scopes, mayPost) {
		return v.here(Problem, name, "the token may not post: it lacks the scope "+mayPost, "add the scope to the app, install it again, and put its new token into the secret")
	}
	return v.here(OK, name, "Slack knows the token as "+who.User+" of "+who.Team, "")
}
