using System.Text.Json;
using Mallgram.Sourcing.Suppliers;

namespace Mallgram.Sourcing.OpenPlatform;

/// <summary>The store's account at one supplier: calls with its token, answers read.</summary>
internal sealed class OpenPlatformAccount(OpenPlatformClient client, OpenPlatformTokens tokens) : IDisposable
{
    /// <param name="api">A method of <c>/sync</c> by its dotted name, or an interface below <c>/rest</c> by its path.</param>
    /// <param name="read">May throw <see cref="JsonException"/>: the answer counts as unreadable then.</param>
    /// <exception cref="SupplierException">See <see cref="SupplierFault"/>.</exception>
    public async Task<T> CallAsync<T>(
        string api, Func<JsonElement, T> read, CancellationToken ct, params IReadOnlyList<(string Name, string Value)> parameters)
    {
        var token = await tokens.GetAsync(refused: null, ct);
        JsonDocument answer;
        try
        {
            answer = await client.CallAsync(api, token, parameters, ct);
        }
        catch (SupplierException e) when (e.Fault == SupplierFault.TokenRefused)
        {
            // Ended before its time, for instance by the account's owner. Once: a fresh token that is refused too is no matter of age.
            answer = await client.CallAsync(api, await tokens.GetAsync(token, ct), parameters, ct);
        }

        using (answer)
        {
            try
            {
                return OpenPlatformJson.Read(answer.RootElement, read);
            }
            catch (JsonException e)
            {
                throw new SupplierException(SupplierFault.Unreadable, "unexpected_shape", $"{api}: {e.Message}", e);
            }
        }
    }

    public void Dispose() => tokens.Dispose();
}
