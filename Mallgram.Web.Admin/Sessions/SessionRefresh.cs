using Mallgram.Web.Admin.Api;
using Microsoft.Extensions.Caching.Memory;

namespace Mallgram.Web.Admin.Sessions;

/// <summary>
/// Renews a session's tokens, one call at a time for each session: a refresh token is good once, and a second use would end the session.
/// Requests that still carry the spent token (another tab, an answer that never arrived) get the tokens that came of it.
/// </summary>
internal sealed class SessionRefresh(IServiceScopeFactory scopes, TimeProvider clock) : IDisposable
{
    /// <summary>Longest a cookie lives, hence the longest that a spent token can come back.</summary>
    private static readonly TimeSpan Remembered = SessionCookie.Lifetime;

    /// <summary>Renewed so long before the access token's end that a page's calls finish with it.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private readonly MemoryCache _latest = new(new MemoryCacheOptions { SizeLimit = 10_000 });
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 256).Select(_ => new SemaphoreSlim(1))];

    public bool IsDue(SessionTokens tokens) => tokens.ExpiresAt - Margin <= clock.GetUtcNow();

    /// <returns>Tokens in force; null when the API refuses the session.</returns>
    /// <exception cref="ApiUnavailableException">The API cannot say; the session stands.</exception>
    /// <exception cref="ApiProblemException">Likewise.</exception>
    public async Task<SessionTokens?> RenewAsync(string sessionId, string store, SessionTokens tokens)
    {
        var gate = _gates[(uint)sessionId.GetHashCode(StringComparison.Ordinal) % _gates.Length];
        await gate.WaitAsync();
        try
        {
            if (_latest.TryGetValue(sessionId, out SessionTokens? latest))
            {
                if (latest is null)
                {
                    return null;
                }

                tokens = latest.ExpiresAt > tokens.ExpiresAt ? latest : tokens;
            }

            if (!IsDue(tokens))
            {
                return tokens;
            }

            await using var scope = scopes.CreateAsyncScope();
            var api = scope.ServiceProvider.GetRequiredService<ApiClient>();
            // Not cancelled with the browser's request: the API may have spent the token already, and its answer must not get lost.
            var session = await api.RefreshAsync(store, tokens.RefreshToken, CancellationToken.None);
            return Remember(sessionId, SessionTokens.Of(session, clock.GetUtcNow()));
        }
        catch (ApiProblemException e) when (e.Status is 401 or 404 or 422)
        {
            Remember(sessionId, tokens: null);
            return null;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>After this, a copy of the session's cookie is worth nothing in this process.</summary>
    public void End(string sessionId) => Remember(sessionId, tokens: null);

    public bool HasEnded(string sessionId) => _latest.TryGetValue(sessionId, out SessionTokens? tokens) && tokens is null;

    public void Dispose()
    {
        _latest.Dispose();
        foreach (var gate in _gates)
        {
            gate.Dispose();
        }
    }

    private SessionTokens? Remember(string sessionId, SessionTokens? tokens) => _latest.Set(
        sessionId, tokens, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = Remembered, Size = 1 });
}
