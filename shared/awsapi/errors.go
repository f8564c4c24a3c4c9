package awsapi

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// ErrGone says that the resource itself does not exist (any more), as opposed to a part or a setting of it.
var ErrGone = errors.New("the resource does not exist")

// Class is what an AWS error means to us, whatever the service calls it.
type Class string

// The classes. What each asks of the caller is in its comment.
const (
	OK           Class = ""
	NotFound     Class = "not_found"     // the thing is not there: for a read an answer, not a failure
	AccessDenied Class = "access_denied" // we may not: report as blind, do not retry
	Throttled    Class = "throttled"     // slow down and try again
	Conflict     Class = "conflict"      // somebody else is changing it: read again, plan again
	Invalid      Class = "invalid"       // the request is wrong: a defect or a state that cannot be written back
	Exists       Class = "exists"        // it is already so
	Quota        Class = "quota"         // an account limit is reached: a person must raise it or make room
	Unsupported  Class = "unsupported"   // not offered here
	Transient    Class = "transient"     // the service or the network failed: try again
	Unknown      Class = "unknown"
)

// codes maps error codes to classes. S3, EC2 and IAM name the same thing differently; every name we met is here.
var codes = map[string]Class{
	"NoSuchBucket": NotFound, "NoSuchBucketPolicy": NotFound, "NoSuchPublicAccessBlockConfiguration": NotFound, "NoSuchTagSet": NotFound,
	"NoSuchWebsiteConfiguration": NotFound, "ServerSideEncryptionConfigurationNotFoundError": NotFound, "OwnershipControlsNotFoundError": NotFound,
	"NoSuchAccessPoint": NotFound, "NoSuchAccessPointPolicy": NotFound, "NoSuchEntity": NotFound, "NoSuchKey": NotFound, "NotFound": NotFound,
	"NotFoundException": NotFound, "ResourceNotFoundException": NotFound, "QueueDoesNotExist": NotFound, "AWS.SimpleQueueService.NonExistentQueue": NotFound,
	"DBInstanceNotFound": NotFound, "DBInstanceNotFoundFault": NotFound, "DBClusterNotFoundFault": NotFound, "DBSnapshotNotFound": NotFound, "DBSnapshotNotFoundFault": NotFound,
	"DBClusterSnapshotNotFoundFault": NotFound, "TableNotFoundException": NotFound, "NoSuchPolicy": NotFound,

	"AccessDenied": AccessDenied, "AccessDeniedException": AccessDenied, "UnauthorizedOperation": AccessDenied, "AuthorizationError": AccessDenied,
	"AuthorizationErrorException": AccessDenied, "UnauthorizedAccess": AccessDenied, "AllAccessDisabled": AccessDenied, "ExpiredToken": AccessDenied, "ExpiredTokenException": AccessDenied,
	"InvalidClientTokenId": AccessDenied, "SignatureDoesNotMatch": AccessDenied, "UnrecognizedClientException": AccessDenied, "AuthFailure": AccessDenied,
	"KMSAccessDeniedException": AccessDenied, "OptInRequired": AccessDenied, "InvalidToken": AccessDenied, "InvalidAccessKeyId": AccessDenied,

	"Throttling": Throttled, "ThrottlingException": Throttled, "ThrottledException": Throttled, "RequestLimitExceeded": Throttled, "TooManyRequestsException": Throttled,
	"SlowDown": Throttled, "RequestThrottled": Throttled, "RequestThrottledException": Throttled, "BandwidthLimitExceeded": Throttled,
	"ProvisionedThroughputExceededException": Throttled, "KMSThrottlingException": Throttled,

	"OperationAborted": Conflict, "ConcurrentModification": Conflict, "ConcurrentModificationException": Conflict, "EntityTemporarilyUnmodifiable": Conflict,
	"ResourceInUseException": Conflict, "DeleteConflict": Conflict, "IncorrectState": Conflict, "InvalidDBInstanceState": Conflict, "InvalidDBSnapshotState": Conflict,
	"KMSInvalidStateException": Conflict, "TransactionConflictException": Conflict, "ConflictException": Conflict, "Conflict": Conflict, "ConditionalRequestConflict": Conflict,

	"InvalidPermission.Duplicate": Exists, "EntityAlreadyExists": Exists, "AlreadyExists": Exists,

	"LimitExceeded": Quota, "LimitExceededException": Quota, "RulesPerSecurityGroupLimitExceeded": Quota,

	"NotImplemented": Unsupported, "UnsupportedOperation": Unsupported, "UnsupportedOperationException": Unsupported, "InvalidAction": Unsupported,
	"UnmodifiableEntity": Unsupported,

	"InternalError": Transient, "InternalFailure": Transient, "ServiceUnavailable": Transient, "Unavailable": Transient, "InternalServerError": Transient, "InternalErrorException": Transient,
	"RequestTimeout": Transient, "RequestTimeoutException": Transient, "DependencyTimeoutException": Transient, "KMSInternalException": Transient,

	"MalformedPolicy": Invalid, "MalformedPolicyDocument": Invalid, "ValidationError": Invalid, "ValidationException": Invalid, "InvalidParameterValue": Invalid, "InvalidParameter": Invalid,
	"InvalidInput": Invalid, "InvalidRequest": Invalid, "InvalidBucketAclWithObjectOwnership": Invalid, "AccessControlListNotSupported": Invalid, "MissingParameter": Invalid,
}

// Classify returns the class of an error from an AWS call; OK for nil.
func Classify(err error) Class {
	if err == nil {
		return OK
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		if c := ofCode(api.ErrorCode()); c != Unknown {
			return c
		}
		return ofStatus(err)
	}
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) {
		return Transient
	}
	return ofStatus(err)
}

func ofCode(code string) Class {
	if c, ok := codes[code]; ok {
		return c
	}
	// EC2 spells "no such thing" as InvalidGroup.NotFound, InvalidVolume.NotFound, InvalidAMIID.NotFound and so on.
	if strings.HasSuffix(code, ".NotFound") || strings.HasSuffix(code, "NotFoundFault") {
		return NotFound
	}
	if strings.HasSuffix(code, ".Malformed") {
		return Invalid
	}
	return Unknown
}

func ofStatus(err error) Class {
	var resp *smithyhttp.ResponseError
	if !errors.As(err, &resp) {
		return Unknown
	}
	switch code := resp.HTTPStatusCode(); {
	case code == 404:
		return NotFound
	case code == 401 || code == 403:
		return AccessDenied
	case code == 429:
		return Throttled
	case code == 501:
		return Unsupported
	case code >= 500:
		return Transient
	}
	return Unknown
}

// IsNotFound reports whether the error says that the thing is not there.
func IsNotFound(err error) bool { return Classify(err) == NotFound }

// IgnoreNotFound returns nil for an error that says that the thing is not there, and any other error as it is.
func IgnoreNotFound(err error) error {
	if IsNotFound(err) {
		return nil
	}
	return err
}

// IsAccessDenied reports whether we lack the permission: what we cannot see is blind, never compliant.
func IsAccessDenied(err error) bool { return Classify(err) == AccessDenied }

// Retryable reports whether the same call may succeed later.
func Retryable(err error) bool {
	switch Classify(err) {
	case Throttled, Transient, Conflict:
		return true
	}
	return false
}
