namespace Mallgram.Web.Admin.Api;

/// <summary>The API answered with a problem (RFC 9457); the message is its text, in the reader's language.</summary>
internal sealed class ApiProblemException(
    int status, string code, string detail, string? requestId, IReadOnlyDictionary<string, string[]>? fields = null) : Exception(detail)
{
    /// <summary>What is wrong field by field, by the API's own names (<c>set.category_id</c>); empty when it is not about fields.</summary>
    public IReadOnlyDictionary<string, string[]> Fields { get; } = fields ?? new Dictionary<string, string[]>(StringComparer.Ordinal);

    public int Status { get; } = status;

    public string Code { get; } = code;

    public string? RequestId { get; } = requestId;
}

/// <summary>The API did not answer, or not with anything readable.</summary>
internal sealed class ApiUnavailableException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>The API no longer accepts the session: sign in again.</summary>
internal sealed class SessionEndedException() : Exception("The session has ended.");
