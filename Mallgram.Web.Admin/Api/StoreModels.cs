namespace Mallgram.Web.Admin.Api;

internal sealed record OpeningHours(int Day, string? Opens, string? Closes);

internal sealed record StoreContact(string? Email, string? Phone, string? Whatsapp, string? Address);

internal sealed record PolicyText(string? En, string? Fr);

internal sealed record StoreCurrency(string Currency, string Country, bool IsDefault);

/// <summary>A store as its visitors know it.</summary>
internal sealed record StoreView(
    string Id,
    string Slug,
    string Name,
    string Country,
    string Currency,
    IReadOnlyList<StoreCurrency> Currencies,
    string Language,
    IReadOnlyList<string> Languages,
    string TaxDisplay,
    IReadOnlyList<string> PaymentMethods,
    IReadOnlyList<string> ShippingMethods,
    string TimeZone,
    IReadOnlyList<OpeningHours> OpeningHours,
    StoreContact Contact,
    IReadOnlyDictionary<string, PolicyText> Policies,
    string? FrontEnd,
    ThemeView Theme);

/// <param name="Status">active or suspended.</param>
internal sealed record AdminStoreView(StoreView Store, IReadOnlyList<string> Countries, string Status, string EmailFrom);

internal sealed record ThemeColours(string Primary, string OnPrimary, string Background, string Text, string Accent);

/// <summary>Contrast ratios, 1 to 21.</summary>
internal sealed record ThemeContrast(double Text, double OnPrimary);

internal sealed record ThemeView(
    ThemeColours Colours, ThemeContrast Contrast, string? LogoFileId, string? LogoUrl, string? MailFooter, string? MailFooterFr);

internal sealed record DnsRecord(string Name, string Type, string Value);

internal sealed record ProofFile(string Address, string Content);

/// <param name="Method">dns, file or operator; null until verified.</param>
internal sealed record StoreDomain(
    string Host, bool Verified, string? Method, DateTimeOffset? VerifiedAt, DateTimeOffset? CheckedAt, DateTimeOffset CreatedAt, DnsRecord Record,
    ProofFile File);

/// <summary>The Supabase project whose access tokens the store accepts.</summary>
/// <param name="HasJwtSecret">The secret itself is never shown.</param>
internal sealed record SupabaseProject(
    string Issuer, string KeySetUrl, string Audience, bool HasJwtSecret, bool ConfirmsAddresses, bool AllowsStaff, DateTimeOffset UpdatedAt);

internal sealed record OnboardingItem(string Code, string Title, bool Done);

internal sealed record Onboarding(int Done, int Total, IReadOnlyList<OnboardingItem> Steps);

/// <param name="Limit">Null: none.</param>
public sealed record Meter(string Name, long Used, long? Limit);

internal sealed record UsageDay(DateOnly Day, long Requests);

/// <param name="Days">Newest first; days without requests are left out.</param>
internal sealed record Usage(
    IReadOnlyList<Meter> Meters, IReadOnlyList<UsageDay> Days, long RequestsLast30Days, int RequestsPerMinute, int RequestsPerHour);

/// <summary>A store that a person works for.</summary>
internal sealed record OwnStore(string Id, string Slug, string Name, string Role, bool Current);
