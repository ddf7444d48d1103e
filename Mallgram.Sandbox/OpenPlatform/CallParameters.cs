using System.Globalization;

namespace Mallgram.Sandbox.OpenPlatform;

/// <summary>Everything a call sent, from its query and its form; when a name comes twice the last value counts.</summary>
internal sealed class CallParameters : Dictionary<string, string>
{
    private CallParameters()
        : base(StringComparer.Ordinal)
    {
    }

    public bool Simplify => this.GetValueOrDefault("simplify") is "true";

    /// <exception cref="InvalidDataException">The form is malformed or has too many fields.</exception>
    /// <exception cref="IOException">The body ends too early or is too large.</exception>
    public static async ValueTask<CallParameters> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        var parameters = new CallParameters();
        foreach (var (name, values) in request.Query)
        {
            parameters[name] = values[^1] ?? "";
        }

        if (HttpMethods.IsPost(request.Method) && request.HasFormContentType)
        {
            foreach (var (name, values) in await request.ReadFormAsync(ct))
            {
                parameters[name] = values[^1] ?? "";
            }
        }

        return parameters;
    }

    public string? Text(string name) => this.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    /// <summary>False when the parameter is given and is not a whole number in the range.</summary>
    public bool TryWhole(string name, int fallback, int least, int most, out int value)
    {
        value = fallback;
        return Text(name) is not { } text
            || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least && value <= most);
    }

    /// <summary><c>fr</c>, <c>FR</c> and <c>fr_FR</c> are French, everything else English.</summary>
    public bool French(string name) => this.GetValueOrDefault(name)?.StartsWith("fr", StringComparison.OrdinalIgnoreCase) is true;
}
