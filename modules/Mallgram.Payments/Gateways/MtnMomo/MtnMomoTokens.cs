using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Mallgram.Payments.Gateways.MtnMomo;

/// <summary>The access token of the collection product, shared by all calls of this process and renewed a minute before it ends.</summary>
internal sealed class MtnMomoTokens(IHttpClientFactory http, IOptions<MtnMomoOptions> options, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan RenewEarly = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private (string Token, DateTimeOffset RenewAt)? _current;

    /// <param name="refused">A token the provider answered 401 to; it is not given out again.</param>
    /// <exception cref="GatewayUnavailableException">No token to be had: wrong keys, or the provider is away.</exception>
    public async Task<string> GetAsync(string? refused, CancellationToken ct)
    {
        if (Usable(refused) is { } token)
        {
            return token;
        }

        await _one.WaitAsync(ct);
        try
        {
            return Usable(refused) ?? await CreateAsync(ct);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private string? Usable(string? refused) =>
        _current is { } current && current.Token != refused && clock.GetUtcNow() < current.RenewAt ? current.Token : null;

    private async Task<string> CreateAsync(CancellationToken ct)
    {
        var settings = options.Value;
        // No body at all: the provider answers 400 to one.
        using var request = new HttpRequestMessage(HttpMethod.Post, "collection/token/");
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{settings.ApiUser}:{settings.ApiKey}")));
        request.Headers.Add("Ocp-Apim-Subscription-Key", settings.SubscriptionKey);
        try
        {
            using var answer = await http.CreateClient(MtnMomoGateway.HttpClientName).SendAsync(request, ct);
            if (!answer.IsSuccessStatusCode)
            {
                throw new GatewayUnavailableException($"MTN MoMo gave no token (HTTP {(int)answer.StatusCode}). Check SubscriptionKey, ApiUser and ApiKey.");
            }

            var token = await answer.Content.ReadFromJsonAsync<MomoToken>(ct);
            if (string.IsNullOrEmpty(token?.AccessToken))
            {
                throw new GatewayUnavailableException("MTN MoMo gave an empty token.");
            }

            _current = (token.AccessToken, clock.GetUtcNow() + TimeSpan.FromSeconds(token.ExpiresIn) - RenewEarly);
            return token.AccessToken;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException)
        {
            throw new GatewayUnavailableException("MTN MoMo gave no token.", e);
        }
    }
}
