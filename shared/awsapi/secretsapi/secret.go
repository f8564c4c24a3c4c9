// Package secretsapi reads shoreup's own secrets from AWS Secrets Manager: the Slack token, and nothing of customers'.
package secretsapi

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// Get returns the text of a secret by name or ARN. The text is never put into an error.
func Get(ctx context.Context, s awsapi.Session, id string) (string, error) {
	c, err := awsapi.Client(s, secretsmanager.NewFromConfig)
	if err != nil {
		return "", err
	}
	out, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
	if err != nil {
		return "", fmt.Errorf("reading secret %s: %w", id, err)
	}
	if aws.ToString(out.SecretString) == "" {
		return "", fmt.Errorf("reading secret %s: it holds no text", id)
	}
	return *out.SecretString, nil
}
