namespace Mallgram.Web.Admin.Api;

/// <summary>The API answered with a problem (RFC 9457); the message is its text, in the reader's language.</summary>
internal sealed class ApiProblemException(int status, string code, string detail, string? requestId) : Exception(detail)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    public string? RequestId { get; } = requestId;
}

/// <summary>The API did not answer, or not with anything readable.</summary>
internal sealed class ApiUnavailableException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>The API no longer accepts the session: sign in again.</summary>
internal sealed class SessionEndedException() : Exception("The session has ended.");
