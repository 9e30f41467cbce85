// Judges FHIR R4 resources by the HL7 validator (org.hl7.fhir.validation, as HAPI FHIR carries it), against the definitions of R4
// and profiles that it is given. Standard input: one resource a line. Standard output: one message a line, tab-separated: line,
// severity, place, text. Argument: a folder of StructureDefinitions and code systems.

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;

public class Validate {
    public static void main(String[] arguments) throws Exception {
        FhirContext context = FhirContext.forR4();
        PrePopulatedValidationSupport given = new PrePopulatedValidationSupport(context);
        try (var files = Files.list(Path.of(arguments[0]))) {
            for (Path file : files.sorted().toList()) {
                given.addResource(context.newJsonParser().parseResource(Files.readString(file)));
            }
        }
        ValidationSupportChain chain = new ValidationSupportChain(
                new DefaultProfileValidationSupport(context),
                given,
                new CommonCodeSystemsTerminologyService(context),
                new InMemoryTerminologyServerValidationSupport(context),
                new SnapshotGeneratingValidationSupport(context));
        FhirValidator validator = context.newValidator();
        validator.registerValidatorModule(new FhirInstanceValidator(chain));
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        int number = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            for (SingleValidationMessage message : validator.validateWithResult(line).getMessages()) {
                System.out.println(number + "\t" + message.getSeverity().getCode() + "\t"
                        + message.getLocationString() + "\t" + message.getMessage().replaceAll("\\s+", " "));
            }
            number += 1;
        }
        System.out.println("done\t" + number);
    }
}
