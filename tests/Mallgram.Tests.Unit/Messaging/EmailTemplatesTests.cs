using System.Text.RegularExpressions;
using Mallgram.Messaging;
using Mallgram.Messaging.Email;

namespace Mallgram.Tests.Unit.Messaging;

public sealed class EmailTemplatesTests
{
    [Theory]
    [InlineData("en", "Your order 261121-ABCDE is confirmed", "Thank you: we have received your payment of R 1 299,00")]
    [InlineData("fr", "Votre commande 261121-ABCDE est confirmée", "Merci : nous avons reçu votre paiement de R 1 299,00")]
    public void The_confirmation_says_what_was_bought(string language, string subject, string sentence)
    {
        var mail = EmailTemplates.Render("order_paid", language, Model("Pot de piment"));
        Assert.Equal(subject, mail.Subject);
        Assert.Contains(sentence, mail.Text, StringComparison.Ordinal);
        Assert.Contains("2 × Pot de piment", mail.Text, StringComparison.Ordinal);
        Assert.Contains("2 × Pot de piment", mail.Html, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_cannot_smuggle_markup_into_the_mail()
    {
        var mail = EmailTemplates.Render("order_paid", "en", Model("<script>alert(1)</script>"));
        Assert.DoesNotContain("<script>", mail.Html, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", mail.Html, StringComparison.Ordinal);
    }

    [Fact]
    public void Templates_use_only_names_that_their_model_has()
    {
        var known = typeof(OrderPaidMail).GetProperties().Concat(typeof(OrderPaidMailLine).GetProperties()).Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        var assembly = typeof(OrderPaidMail).Assembly;
        var files = assembly.GetManifestResourceNames().Where(n => n.StartsWith("order_paid.", StringComparison.Ordinal)).ToList();
        Assert.Equal(4, files.Count);
        foreach (var file in files)
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(file)!);
            var used = Regex.Matches(reader.ReadToEnd(), @"\{\{(#each )?(?!else\b)(?<name>\w+)\}\}", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Select(m => m.Groups["name"].Value).ToList();
            Assert.NotEmpty(used);
            Assert.DoesNotContain(used, name => !known.Contains(name));
        }
    }

    private static OrderPaidMail Model(string product) => new(
        "Mallgram", "261121-ABCDE", "Aïcha Ndiaye", "R 1 299,00", "Rue 10, Dakar, SN", [new OrderPaidMailLine(2, product, "R 1 299,00")]);
}
