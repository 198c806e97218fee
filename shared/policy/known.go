package policy

// What SES and IAM document, for warnings and suggestions only: these lists
// grow, so nothing is refused because it is not on them.

// knownActions are the actions on identities, of both versions of the API
// (https://docs.aws.amazon.com/ses/latest/dg/policy-anatomy.html and
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html).
var knownActions = []string{
	"SendEmail", "SendRawEmail", "SendTemplatedEmail", "SendBulkTemplatedEmail", "SendBulkEmail",
	"SendBounce", "SendCustomVerificationEmail",

	"BatchGetMetricData", "CreateDeliverabilityTestReport", "CreateEmailIdentity", "CreateEmailIdentityPolicy",
	"CreateTenantResourceAssociation", "DeleteEmailIdentity", "DeleteEmailIdentityPolicy",
	"DeleteTenantResourceAssociation", "GetDomainDeliverabilityCampaign", "GetDomainStatisticsReport",
	"GetEmailIdentity", "GetEmailIdentityPolicies", "ListDomainDeliverabilityCampaigns", "ListRecommendations",
	"ListResourceTenants", "ListTagsForResource", "PutEmailIdentityConfigurationSetAttributes",
	"PutEmailIdentityDkimAttributes", "PutEmailIdentityDkimSigningAttributes",
	"PutEmailIdentityFeedbackAttributes", "PutEmailIdentityMailFromAttributes", "TagResource", "UntagResource",
	"UpdateEmailIdentityPolicy",

	"DeleteIdentity", "DeleteIdentityPolicy", "GetIdentityDkimAttributes", "GetIdentityMailFromDomainAttributes",
	"GetIdentityNotificationAttributes", "GetIdentityPolicies", "GetIdentityVerificationAttributes",
	"ListIdentityPolicies", "PutIdentityPolicy", "SetIdentityDkimEnabled",
	"SetIdentityFeedbackForwardingEnabled", "SetIdentityHeadersInNotificationsEnabled",
	"SetIdentityMailFromDomain", "SetIdentityNotificationTopic", "VerifyDomainDkim", "VerifyDomainIdentity",
	"VerifyEmailIdentity",
}

// knownOperators are the condition operators
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
var knownOperators = []string{
	"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
	"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
	"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
	"Bool", "BinaryEquals", "IpAddress", "NotIpAddress",
	"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
}

// knownKeys are the condition keys of SES and the global ones
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
// A name that ends in / is followed by the key of a tag.
var knownKeys = []string{
	"ses:ApiVersion", "ses:FeedbackAddress", "ses:FromAddress", "ses:FromDisplayName", "ses:Recipients", "ses:TenantName",

	"aws:AssumedRoot", "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:ChatbotSourceArn",
	"aws:CurrentTime", "aws:Ec2InstanceSourcePrivateIPv4", "aws:Ec2InstanceSourceVpc", "aws:EpochTime",
	"aws:FederatedProvider", "aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent", "aws:PrincipalAccount",
	"aws:PrincipalArn", "aws:PrincipalIsAWSService", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths",
	"aws:PrincipalServiceName", "aws:PrincipalServiceNamesList", "aws:PrincipalTag/", "aws:PrincipalType",
	"aws:referer", "aws:RequestedRegion", "aws:RequestTag/", "aws:ResourceAccount", "aws:ResourceOrgID",
	"aws:ResourceOrgPaths", "aws:ResourceTag/", "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn",
	"aws:SourceIdentity", "aws:SourceIp", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceOwner",
	"aws:SourceVpc", "aws:SourceVpcArn", "aws:SourceVpce", "aws:TagKeys", "aws:TokenIssueTime", "aws:UserAgent",
	"aws:userid", "aws:username", "aws:ViaAWSService", "aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths",
	"aws:VpcSourceIp",
}
