using Mallgram.Identity.Access;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.SecondFactors;

/// <summary>With <c>Identity:RequireSecondFactorForStaff</c>, staff without a second factor reach sign-in and the setting up of one only.</summary>
internal static class StaffRule
{
    private static readonly PathString[] Open = ["/api/v1/auth", "/api/v1/me/second-factors", "/api/v1/me/recovery-codes"];

    public static void UseStaffRule(this IApplicationBuilder app)
    {
        if (!app.ApplicationServices.GetRequiredService<IOptions<SecondFactorOptions>>().Value.RequireSecondFactorForStaff)
        {
            return;
        }

        app.Use(async (context, next) =>
        {
            // Whom a platform administrator acts as has no phone at hand; API keys are no persons.
            if (RolePermissions.IsStaff(context.User.Role()) && context.User.FindUserId() is { } userId && !context.User.HasClaim(c => c.Type == "act")
                && !Array.Exists(Open, o => context.Request.Path.StartsWithSegments(o, StringComparison.OrdinalIgnoreCase))
                && (await context.RequestServices.GetRequiredService<SecondStep>().KindsAsync(userId, context.RequestAborted)).Count == 0)
            {
                throw new ProblemException(SecondFactorProblems.Required);
            }

            await next(context);
        });
    }
}
