using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace Mallgram.Sandbox;

/// <summary>Settings under <c>Sandbox</c>.</summary>
internal sealed class SandboxOptions
{
    /// <summary>CSV file with the catalogue; empty: the catalogue is generated.</summary>
    public string Catalogue { get; set; } = "";

    /// <summary>Number of generated items.</summary> <value>2000</value>
    [Range(1, 100_000)] public int CatalogueSize { get; set; } = 2000;

    /// <summary>Number of generated items that Alibaba.com sells in bulk.</summary> <value>300</value>
    [Range(1, 100_000)] public int WholesaleSize { get; set; } = 300;

    /// <summary>Same seed and size, same catalogues.</summary> <value>1</value>
    public int CatalogueSeed { get; set; } = 1;

    /// <summary>Where payments, mails and text messages are kept across restarts; empty: in memory only.</summary>
    public string DataDirectory { get; set; } = "";

    /// <summary>Address the SMTP server listens on.</summary> <value>127.0.0.1</value>
    [Required] public string SmtpHost { get; set; } = "127.0.0.1";

    /// <summary>Port of the SMTP server; 0 picks a free one.</summary> <value>5025</value>
    [Range(0, 65535)] public int SmtpPort { get; set; } = 5025;

    /// <summary>Longest silence of an SMTP client, in seconds.</summary> <value>60</value>
    [Range(1, 3600)] public int SmtpTimeoutSeconds { get; set; } = 60;

    public AliExpressOptions AliExpress { get; set; } = new();

    public AlibabaOptions Alibaba { get; set; } = new();

    public ExchangeRatesOptions ExchangeRates { get; set; } = new();

    public MtnMomoOptions MtnMomo { get; set; } = new();

    /// <exception cref="SandboxStartException">A value has the wrong type or lies outside its range.</exception>
    public static SandboxOptions Read(IConfiguration configuration)
    {
        SandboxOptions options;
        try
        {
            options = configuration.GetSection("Sandbox").Get<SandboxOptions>() ?? new SandboxOptions();
        }
        catch (InvalidOperationException e)
        {
            throw new SandboxStartException(e.Message + " " + e.InnerException?.Message, e);
        }

        foreach (var (part, section) in new (object, string)[]
            {
                (options, "Sandbox"), (options.AliExpress, "Sandbox:AliExpress"), (options.Alibaba, "Sandbox:Alibaba"),
                (options.ExchangeRates, "Sandbox:ExchangeRates"), (options.MtnMomo, "Sandbox:MtnMomo"),
            })
        {
            var faults = new List<ValidationResult>();
            if (!Validator.TryValidateObject(part, new ValidationContext(part), faults, validateAllProperties: true))
            {
                throw new SandboxStartException(string.Create(CultureInfo.InvariantCulture, $"{section}: {faults[0].ErrorMessage}"));
            }
        }

        return options;
    }
}

/// <summary>What the open platforms of AliExpress and Alibaba.com have in common.</summary>
internal abstract class OpenPlatformOptions
{
    [Required] public string AppKey { get; set; } = "";

    [Required] public string AppSecret { get; set; } = "mallgram-secret";

    /// <summary>Calls a second one API takes before it answers <c>ApiCallLimit</c> for a second; 0 means no limit.</summary>
    [Range(0, int.MaxValue)] public int CallsPerSecond { get; set; } = 2000;

    /// <summary>Calls a day (GMT+8) the app has before <c>AppCallLimit</c>; 0 means no limit.</summary>
    [Range(0, int.MaxValue)] public int CallsPerDay { get; set; }

    /// <summary>Seconds an access token lives.</summary>
    [Range(1, int.MaxValue)] public int AccessTokenSeconds { get; set; }

    /// <summary>Seconds a refresh token lives.</summary> <value>60 days</value>
    [Range(1, int.MaxValue)] public int RefreshTokenSeconds { get; set; } = 60 * 86_400;

    /// <summary>Root of picture addresses, without a final slash; empty: the address the client called.</summary>
    public string ImageBaseUrl { get; set; } = "";
}

/// <summary>Settings under <c>Sandbox:AliExpress</c>: app key 510001, access tokens of 30 days unless set otherwise.</summary>
internal sealed class AliExpressOptions : OpenPlatformOptions
{
    public AliExpressOptions() => (AppKey, AccessTokenSeconds) = ("510001", 30 * 86_400);
}

/// <summary>Settings under <c>Sandbox:Alibaba</c>: app key 600001, access tokens of 10 days unless set otherwise.</summary>
internal sealed class AlibabaOptions : OpenPlatformOptions
{
    public AlibabaOptions() => (AppKey, AccessTokenSeconds) = ("600001", 10 * 86_400);
}

/// <summary>Settings under <c>Sandbox:ExchangeRates</c>.</summary>
internal sealed class ExchangeRatesOptions
{
    /// <summary>Value of <c>app_id</c>.</summary>
    [Required] public string AppId { get; set; } = "sandbox-app-id";
}

/// <summary>Settings under <c>Sandbox:MtnMomo</c>.</summary>
internal sealed class MtnMomoOptions
{
    /// <summary>Value of <c>Ocp-Apim-Subscription-Key</c>.</summary>
    [Required] public string SubscriptionKey { get; set; } = "sandbox-subscription-key";

    /// <summary>API user that exists from the start.</summary>
    [Required] public string ApiUser { get; set; } = "11111111-2222-4333-8444-555555555555";

    [Required] public string ApiKey { get; set; } = "00112233445566778899aabbccddeeff";

    /// <summary>Callback host registered for that user; empty accepts any host the sandbox may call.</summary>
    public string ProviderCallbackHost { get; set; } = "";

    /// <summary>Milliseconds until an ordinary number approves or fails.</summary> <value>1000</value>
    [Range(0, 3_600_000)] public int DecisionDelayMs { get; set; } = 1000;

    /// <summary>Milliseconds until 46733123453 approves.</summary> <value>30000</value>
    [Range(0, 3_600_000)] public int SlowDecisionDelayMs { get; set; } = 30_000;

    /// <summary>Verb of the callback.</summary> <value>PUT</value>
    [RegularExpression("PUT|POST")] public string CallbackMethod { get; set; } = "PUT";

    /// <summary>Shape of <c>reason</c>: <c>string</c> as in sandbox answers or <c>object</c> as in the published schema.</summary>
    [RegularExpression("string|object")] public string ReasonShape { get; set; } = "string";

    /// <summary>Everybody waits for a click on the phone page instead of deciding by themselves.</summary>
    public bool Manual { get; set; }

    /// <summary>Seconds an access token lives.</summary> <value>3600</value>
    [Range(1, 86_400)] public int AccessTokenSeconds { get; set; } = 3600;
}
