package awsapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// sessionPolicySize is the largest inline session policy, in characters. Source: IAM and STS quotas.
const sessionPolicySize = 2048

// ErrTooLarge says that a session policy does not fit: the fix is refused rather than made with more rights than it needs.
var ErrTooLarge = errors.New("the session policy is larger than STS accepts")

// ErrNoPattern says that no session policy can name the resource and nothing else.
var ErrNoPattern = errors.New("no policy can name this resource alone")

// SessionPolicy returns the inline policy of a write session: the actions of the declared operations on what a write to the resource touches, and nothing else.
// A resource that cannot be named alone is ErrNoPattern, a policy that STS does not take ErrTooLarge.
func SessionPolicy(ops []Op, t ResourceType, r Resource) (string, error) {
	r, err := literal(r)
	if err != nil {
		return "", err
	}
	var actions []string
	for _, o := range ops {
		actions = append(actions, o.Actions...)
	}
	slices.Sort(actions)
	doc := map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{"Effect": "Allow", "Action": slices.Compact(actions), "Resource": t.WriteScope(r)},
	}}
	b, err := json.Marshal(doc)
	if err != nil {
		return "", err
	}
	if len(b) > sessionPolicySize {
		return "", fmt.Errorf("%w: %d characters of %d", ErrTooLarge, len(b), sessionPolicySize)
	}
	return string(b), nil
}

// special are the characters that mean something in the Resource element of a policy; escapes are how it says the characters themselves. They work only
// behind the fifth colon of an ARN, and in policies of version 2012-10-17. Source: IAM user guide, "IAM policy elements: Variables and tags", special characters.
const special = "*?$"

var escapes = strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}")

// literal returns the resource with an id that as a part of a pattern stands for itself alone: the path of an IAM policy may hold any character, and whoever
// makes the policy chooses it.
func literal(r Resource) (Resource, error) {
	head, tail := r.Partition+r.Region+r.Account, r.ID
	if strings.HasPrefix(r.ID, "arn:") {
		parts := strings.SplitAfterN(r.ID, ":", 6)
		head, tail = head+strings.Join(parts[:len(parts)-1], ""), parts[len(parts)-1]
		if len(parts) < 6 {
			tail = ""
		}
	}
	if strings.ContainsAny(head, special) || tail == "" {
		return r, fmt.Errorf("naming %s %q of account %q in a policy: %w", r.Type, r.ID, r.Account, ErrNoPattern)
	}
	r.ID = strings.TrimSuffix(r.ID, tail) + escapes.Replace(tail)
	return r, nil
}
