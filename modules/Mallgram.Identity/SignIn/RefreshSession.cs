using Mallgram.Identity.Tokens;
using Mallgram.Kernel.Problems;

namespace Mallgram.Identity.SignIn;

internal sealed record RefreshRequest(string? RefreshToken)
{
    private const int MaxLength = 200;

    /// <exception cref="ProblemException">422 when the token is missing or absurdly long.</exception>
    public string Token()
    {
        var fields = new FieldErrors();
        fields.Require(RefreshToken, "refresh_token", MaxLength);
        fields.ThrowIfAny();
        return RefreshToken!;
    }
}

/// <summary>Trades a refresh token for new tokens; the person's role, name and status are read afresh.</summary>
internal sealed class RefreshSession(People people, RefreshTokens refreshTokens, Sessions sessions)
{
    /// <exception cref="ProblemException">401 <c>invalid_refresh_token</c>, 422.</exception>
    public async Task<SessionView> RunAsync(RefreshRequest request, DateTimeOffset arrivedAt, CancellationToken ct)
    {
        if (await refreshTokens.RotateAsync(request.Token(), arrivedAt, ct) is not { } session)
        {
            throw new ProblemException(SignInProblems.InvalidRefreshToken);
        }

        if (await people.FindAsync(session.UserId, ct) is not { IsActive: true } person)
        {
            await sessions.EndAllAsync(session.UserId, kept: null, ct);
            throw new ProblemException(SignInProblems.InvalidRefreshToken);
        }

        return sessions.View(person, session.SessionId, session.Next);
    }
}
