// Package secretsapi reads shoreup's own secrets from AWS Secrets Manager: those of Slack, and nothing of customers'.
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

// Exists finds out whether there is a secret with something in it, and reads nothing of it.
func Exists(ctx context.Context, s awsapi.Session, id string) (bool, error) {
	c, err := awsapi.Client(s, secretsmanager.NewFromConfig)
	if err != nil {
		return false, err
	}
	out, err := c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &id})
	if awsapi.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("describing secret %s: %w", id, err)
	}
	return out.DeletedDate == nil && len(out.VersionIdsToStages) > 0, nil
}
