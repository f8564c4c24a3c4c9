# Makes, renames and removes a custom action of Security Hub, which CloudFormation has no type for.
import boto3
import cfnresponse


def handler(event, context):
    p = event["ResourceProperties"]
    arn = event.get("PhysicalResourceId", p["Id"])
    try:
        hub = boto3.client("securityhub")
        words = {"Name": p["Name"], "Description": p["Description"]}
        if event["RequestType"] == "Delete":
            try:
                hub.delete_action_target(ActionTargetArn=p["Arn"])
            except (hub.exceptions.ResourceNotFoundException, hub.exceptions.InvalidAccessException):
                pass  # gone already, or Security Hub is off
        else:
            try:
                hub.create_action_target(Id=p["Id"], **words)
            except hub.exceptions.ResourceConflictException:
                hub.update_action_target(ActionTargetArn=p["Arn"], **words)
            arn = p["Arn"]
        cfnresponse.send(event, context, cfnresponse.SUCCESS, {}, arn)
    except Exception as e:
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, arn, reason=str(e))
