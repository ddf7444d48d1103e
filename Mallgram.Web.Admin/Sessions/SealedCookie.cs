using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;

namespace Mallgram.Web.Admin.Sessions;

/// <summary>What one step of a sign-in leaves for the next: sealed, unreadable to scripts, gone after minutes, sent to one page only.</summary>
internal sealed class SealedCookie<T>(IDataProtectionProvider protection, string name, string path, TimeSpan lifetime)
    where T : class
{
    private readonly ITimeLimitedDataProtector _seal = protection.CreateProtector("Mallgram.Web.Admin." + name).ToTimeLimitedDataProtector();

    public void Put(HttpContext context, T value) =>
        context.Response.Cookies.Append(name, _seal.Protect(JsonSerializer.Serialize(value), lifetime), Options(context, lifetime));

    /// <returns>Null when there is none, or it is too old or forged.</returns>
    public T? Read(HttpContext context)
    {
        if (context.Request.Cookies[name] is not { } text)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<T>(_seal.Unprotect(text));
        }
        catch (Exception e) when (e is CryptographicException or JsonException)
        {
            return null;
        }
    }

    public void Delete(HttpContext context) => context.Response.Cookies.Delete(name, Options(context, maxAge: null));

    private CookieOptions Options(HttpContext context, TimeSpan? maxAge) => new()
    {
        HttpOnly = true,
        IsEssential = true,
        MaxAge = maxAge,
        Path = path,
        SameSite = SameSiteMode.Lax,
        Secure = context.Request.IsHttps,
    };
}

/// <summary>The password was right; a code is still asked for.</summary>
/// <param name="Back">Page to go to afterwards.</param>
internal sealed record SecondStep(string Store, string Challenge, IReadOnlyList<string> Methods, string? Back);

/// <summary>Likewise of an administrator of the platform.</summary>
internal sealed record PlatformStep(string Challenge, IReadOnlyList<string> Methods);

internal static class SealedCookies
{
    public static void AddSealedCookies(this IServiceCollection services)
    {
        // As long as the API's challenge.
        services.AddSingleton(p => new SealedCookie<SecondStep>(
            p.GetRequiredService<IDataProtectionProvider>(), "mallgram_step", SignInPage.Path, TimeSpan.FromMinutes(5)));
        services.AddSingleton(p => new SealedCookie<PlatformStep>(
            p.GetRequiredService<IDataProtectionProvider>(), "mallgram_platform_step", PlatformSession.SignIn, TimeSpan.FromMinutes(5)));
    }
}
