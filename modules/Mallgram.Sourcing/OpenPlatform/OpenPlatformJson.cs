using System.Globalization;
using System.Text.Json;
using Mallgram.Sourcing.Suppliers;

namespace Mallgram.Sourcing.OpenPlatform;

/// <summary>
/// Reads the platforms' answers, which differ by method, account and age: numbers come as numbers or text; lists as arrays, under a single
/// named key, or as a bare object when there is one element. Pure.
/// </summary>
internal static class OpenPlatformJson
{
    private const long LongestLifeSeconds = 10L * 365 * 86_400;

    /// <exception cref="OpenPlatformFaultException">The platform refused, in either of its two shapes.</exception>
    /// <exception cref="JsonException">Not an object.</exception>
    public static void ThrowIfFault(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("An object was expected.");
        }

        var isNested = root.TryGetProperty("error_response", out var nested) && nested.ValueKind == JsonValueKind.Object;
        var fault = isNested ? nested : root;
        var code = Text(fault, "code");
        // Flat answers below /rest carry code 0 when all is well; answers of /sync carry no code at the root.
        if (!isNested && code is null or "0")
        {
            return;
        }

        code ??= "unknown";
        var subCode = Text(fault, "sub_code");
        string?[] words = [code, Text(fault, "msg") ?? Text(fault, "message"), subCode, Text(fault, "sub_msg")];
        var message = Cut(string.Join(" ", words.Where(w => w is not null)));
        throw code switch
        {
            "ApiCallLimit" => OpenPlatformFaultException.TooFast(BanTime(message)),
            "AppCallLimit" => new OpenPlatformFaultException(SupplierFault.QuotaUsedUp, code, message),
            "IllegalAccessToken" => new OpenPlatformFaultException(SupplierFault.TokenRefused, code, message),
            _ when IsTheirs(Text(fault, "type"), subCode) => new OpenPlatformFaultException(SupplierFault.Unavailable, code, message),
            _ => new OpenPlatformFaultException(SupplierFault.Refused, code, message),
        };
    }

    /// <summary>Runs a reader, so that whatever is wrong with the answer is one kind of exception.</summary>
    /// <exception cref="JsonException">Not of the expected shape, or with names that are no text (half a surrogate pair).</exception>
    public static T Read<T>(JsonElement root, Func<JsonElement, T> read)
    {
        try
        {
            return read(root);
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    /// <summary>Answer of <c>/auth/token/create</c> and <c>/auth/token/refresh</c>.</summary>
    /// <returns>No refresh token when the platform says that it cannot be used.</returns>
    public static (string AccessToken, string? RefreshToken, TimeSpan Lifetime) Tokens(JsonElement root) => (
        Text(root, "access_token") ?? throw new JsonException("access_token is missing."),
        Whole(root, "refresh_expires_in") == 0 ? null : Text(root, "refresh_token"),
        Whole(root, "expires_in") is { } seconds and > 0
            ? TimeSpan.FromSeconds(Math.Min(seconds, LongestLifeSeconds))
            : throw new JsonException("expires_in is missing or no number of seconds."));

    public static JsonElement Member(JsonElement parent, string name) =>
        TryMember(parent, name) is { ValueKind: JsonValueKind.Object } member ? member : throw new JsonException($"'{name}' is missing.");

    public static JsonElement TryMember(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var member) ? member : default;

    public static IEnumerable<JsonElement> List(JsonElement parent, string name)
    {
        var list = TryMember(parent, name);
        if (list.ValueKind == JsonValueKind.Object)
        {
            // One named key around the list, and then perhaps one bare element instead of a list.
            var members = list.EnumerateObject().Take(2).ToList();
            list = members.Count == 1 && members[0].Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object ? members[0].Value : list;
        }

        return list.ValueKind switch
        {
            JsonValueKind.Array => list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.Object),
            JsonValueKind.Object when list.EnumerateObject().Any() => [list],
            _ => [],
        };
    }

    public static string? Text(JsonElement parent, string name)
    {
        var member = TryMember(parent, name);
        try
        {
            return member.ValueKind switch
            {
                JsonValueKind.String => member.GetString() is { Length: > 0 } text ? text : null,
                JsonValueKind.Number => member.GetRawText(),
                _ => null,
            };
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair, escaped: no text that could be kept.
            return null;
        }
    }

    public static long? Whole(JsonElement parent, string name) =>
        long.TryParse(Text(parent, name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static bool? Flag(JsonElement parent, string name) => TryMember(parent, name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => Text(parent, name) is "true" or "1",
        _ => null,
    };

    public static string Cut(string text) => text.Length <= 200 ? text : text[..200];

    private static bool IsTheirs(string? type, string? subCode) =>
        subCode?.StartsWith("isv.", StringComparison.OrdinalIgnoreCase) != true
        && (type is "ISP" or "SYSTEM" || subCode?.StartsWith("isp.", StringComparison.OrdinalIgnoreCase) == true);

    /// <summary>"this ban will last 3 seconds" → 3 s, at most a minute.</summary>
    private static TimeSpan? BanTime(string message)
    {
        const string mark = "ban will last ";
        var start = message.IndexOf(mark, StringComparison.OrdinalIgnoreCase);
        if (start < 0)
        {
            return null;
        }

        var digits = string.Concat(message.Skip(start + mark.Length).TakeWhile(char.IsAsciiDigit));
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, 1, 60))
            : null;
    }
}
