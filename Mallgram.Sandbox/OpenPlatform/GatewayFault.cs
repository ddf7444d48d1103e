namespace Mallgram.Sandbox.OpenPlatform;

/// <summary>A refusal of the platform itself, before or instead of a business answer. Always sent with HTTP 200.</summary>
/// <param name="Type"><c>ISV</c> the caller's fault, <c>ISP</c> the service's, <c>SYSTEM</c> the platform's.</param>
internal sealed record GatewayFault(string Type, string Code, string Message, string? SubCode = null, string? SubMessage = null)
{
    public static GatewayFault Missing(string parameter) => new(
        "ISV", "MissingParameter", $"The input parameter \"{parameter}\" that is mandatory for processing this request is not supplied");

    public static GatewayFault Invalid(string parameter) =>
        new("ISV", "InvalidParameter", $"The specified value of parameter \"{parameter}\" is not valid");

    public static GatewayFault Signature { get; } =
        new("ISV", "IncompleteSignature", "The request signature does not conform to platform standards");

    public static GatewayFault AppKey { get; } = new("ISV", "InvalidAppKey", "The specified App Key is invalid");

    public static GatewayFault Timestamp { get; } =
        new("ISV", "IllegalTimestamp", "The specified timestamp is invalid or differs from UTC by more than 7200 seconds");

    public static GatewayFault AccessToken { get; } =
        new("ISV", "IllegalAccessToken", "The specified access token is invalid or expired");

    public static GatewayFault RefreshToken { get; } =
        new("ISV", "IllegalRefreshToken", "The specified refresh token is invalid or expired");

    public static GatewayFault AuthorizationCode { get; } = new("ISV", "InvalidCode", "Invalid authorization code");

    public static GatewayFault ApiPath { get; } = new("ISV", "InvalidApiPath", "The specified API path is invalid");

    public static GatewayFault TooFast { get; } =
        new("ISV", "ApiCallLimit", "Api access frequency exceeds the limit. this ban will last 1 seconds");

    public static GatewayFault DayUsedUp { get; } =
        new("ISV", "AppCallLimit", "The app's call quota of today is used up. this ban will last until 24:00 GMT+8");

    public static GatewayFault ServiceDown { get; } =
        new("ISP", "15", "Remote service error", "isp.service-unavailable", "The service is not available for now");
}
