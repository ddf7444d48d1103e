using Mallgram.Identity.Tokens;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;

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

/// <summary>Trades a refresh token for new tokens; the person's role and name are read afresh.</summary>
internal sealed class RefreshSession(People people, AccessTokens accessTokens, RefreshTokens refreshTokens, StoreScope scope)
{
    /// <exception cref="ProblemException">401 <c>invalid_refresh_token</c>, 422.</exception>
    public async Task<SessionView> RunAsync(RefreshRequest request, DateTimeOffset arrivedAt, CancellationToken ct)
    {
        var rotated = await refreshTokens.RotateAsync(request.Token(), arrivedAt, ct);
        var person = rotated is { } found ? await people.FindAsync(found.UserId, ct) : null;
        if (rotated is not { } session || person is null)
        {
            throw new ProblemException(SignInProblems.InvalidRefreshToken);
        }

        return new SessionView(
            PersonView.Of(person), accessTokens.Issue(person.Id, scope.StoreId, person.Role), session.Next, accessTokens.LifetimeSeconds);
    }
}
