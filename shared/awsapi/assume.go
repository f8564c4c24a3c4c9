package awsapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// sessionPolicySize is the largest inline session policy, in characters. Source: IAM and STS quotas.
const sessionPolicySize = 2048

// ErrTooLarge says that a session policy does not fit: the fix is refused rather than made with more rights than it needs.
var ErrTooLarge = errors.New("the session policy is larger than STS accepts")

// SessionPolicy returns the inline policy of a write session: the actions of the declared operations on the given ARNs, and nothing else.
func SessionPolicy(ops []Op, arns []string) (string, error) {
	var actions []string
	for _, o := range ops {
		actions = append(actions, o.Actions...)
	}
	slices.Sort(actions)
	doc := map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{"Effect": "Allow", "Action": slices.Compact(actions), "Resource": arns},
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
